import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

/** Slack's calls about user groups, as published: a list is set as a whole, and no list is empty. */
export interface SlackGroups {
  readonly url: string;
  readonly groups: Map<string, { users: string[]; date_delete: number }>;
  scopes: string;
  down: boolean;
  close(): Promise<void>;
}

export async function startSlackGroups(token: string): Promise<SlackGroups> {
  const server = createServer(async (request, response) => {
    if (slack.down) return void request.socket.destroy();
    const form = new URLSearchParams(await readBody(request));
    const answer = handle(request.url ?? '', form, request.headers.authorization);
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-oauth-scopes': slack.scopes })
      .end(JSON.stringify(answer));
  });

  function handle(path: string, form: URLSearchParams, authorization: string | undefined): object {
    const no = (error: string) => ({ ok: false, error });
    if (authorization !== `Bearer ${token}`) return no('invalid_auth');
    if (path === '/api/usergroups.list') {
      const shown = [...slack.groups].filter(
        ([, group]) => form.get('include_disabled') === 'true' || !group.date_delete,
      );
      const usergroups = shown.map(([id, { users, date_delete }]) => ({
        id,
        date_delete,
        ...(form.get('include_users') === 'true' && { users }),
      }));
      return { ok: true, usergroups };
    }
    if (!slack.scopes.includes('usergroups:write')) return no('missing_scope');
    const group = slack.groups.get(form.get('usergroup') ?? '');
    if (!group) return no('subteam_not_found');
    switch (path) {
      case '/api/usergroups.users.update': {
        const users = (form.get('users') ?? '').split(',').filter(Boolean);
        if (users.length === 0) return no('no_users_provided');
        if (users.some((user) => !/^[UW][A-Z0-9]+$/.test(user))) return no('invalid_users');
        group.users = users;
        return { ok: true };
      }
      case '/api/usergroups.disable':
        group.date_delete = 1;
        return { ok: true };
      case '/api/usergroups.enable':
        group.date_delete = 0;
        return { ok: true };
      default:
        return no('unknown_method');
    }
  }

  const slack: SlackGroups = {
    url: `http://127.0.0.1:${await listen(server)}/api/`,
    groups: new Map([['S0PAY', { users: [], date_delete: 1 }]]),
    scopes: 'usergroups:read,usergroups:write',
    down: false,
    close: () => closeServer(server),
  };
  return slack;
}
