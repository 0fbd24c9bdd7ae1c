import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

interface Group {
  users: string[];
  date_delete: number;
  handle: string;
}

/** Slack's calls about user groups, as published: a list is set as a whole, and no list is empty. */
export interface SlackGroups {
  readonly url: string;
  readonly groups: Map<string, Group>;
  scopes: string;
  team: string;
  down: boolean;
  /** Whether a group that is turned off takes a new list: Slack does not say. */
  takesListsWhileOff: boolean;
  /** What is answered in place of what is so; undefined: what is so. */
  lie: (method: string) => object | undefined;
  close(): Promise<void>;
}

export async function startSlackGroups(token: string): Promise<SlackGroups> {
  const server = createServer(async (request, response) => {
    if (slack.down) return void request.socket.destroy();
    const form = new URLSearchParams(await readBody(request));
    const method = (request.url ?? '').slice('/api/'.length);
    const answer = slack.lie(method) ?? handle(method, form, request.headers.authorization);
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-oauth-scopes': slack.scopes })
      .end(JSON.stringify(answer));
  });
  const no = (error: string) => ({ ok: false, error });

  function handle(method: string, form: URLSearchParams, authorization: string | undefined): object {
    if (authorization !== `Bearer ${token}`) return no('invalid_auth');
    if (method === 'auth.test') return { ok: true, team_id: slack.team };
    if (!slack.scopes.includes('usergroups:read')) return no('missing_scope');
    const withDisabled = form.get('include_disabled') === 'true';
    if (method === 'usergroups.list') {
      const shown = [...slack.groups].filter(([, group]) => withDisabled || !group.date_delete);
      return {
        ok: true,
        usergroups: shown.map(([id, { date_delete, handle }]) => ({ id, team_id: slack.team, handle, date_delete })),
      };
    }
    const group = slack.groups.get(form.get('usergroup') ?? '');
    if (!group) return no('no_such_subteam');
    if (method === 'usergroups.users.list')
      return withDisabled || !group.date_delete ? { ok: true, users: group.users } : no('no_such_subteam');
    return slack.scopes.includes('usergroups:write') ? change(method, form, group) : no('missing_scope');
  }

  function change(method: string, form: URLSearchParams, group: Group): object {
    switch (method) {
      case 'usergroups.users.update': {
        const users = (form.get('users') ?? '').split(',').filter(Boolean);
        if (users.length === 0) return no('no_users_provided');
        if (users.some((user) => !/^[UW][A-Z0-9]+$/.test(user))) return no('invalid_users');
        if (group.date_delete && !slack.takesListsWhileOff) return no('permission_denied');
        group.users = users;
        return { ok: true };
      }
      case 'usergroups.disable':
        group.date_delete = 1;
        return { ok: true };
      case 'usergroups.enable':
        group.date_delete = 0;
        return { ok: true };
      default:
        return no('unknown_method');
    }
  }

  const slack: SlackGroups = {
    url: `http://127.0.0.1:${await listen(server)}/api/`,
    groups: new Map([['S0PAY', { users: ['U0KEEPER'], date_delete: 1, handle: 'pay' }]]),
    scopes: 'usergroups:read,usergroups:write',
    team: 'T0HARBOR',
    down: false,
    takesListsWhileOff: true,
    lie: () => undefined,
    close: () => closeServer(server),
  };
  return slack;
}
