import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

interface Group {
  users: string[];
  date_delete: number;
  handle: string;
  /** Whoever comes into the group joins these, and stays in them. */
  channels?: string[];
}

/** Slack's calls about user groups, as published: a list is set as a whole, and no list is empty. */
export interface SlackGroups {
  readonly url: string;
  readonly groups: Map<string, Group>;
  scopes: string;
  team: string;
  down: boolean;
  readonly wire: Wire;
  /** Whether a group that is turned off takes a new list: Slack does not say. */
  takesListsWhileOff: boolean;
  /** What is answered in place of what is so; undefined: what is so. */
  lie: (method: string) => object | undefined;
  /** Runs after whatever the bot changed. */
  afterWrite: () => void;
  /** Channels, with who is in them. */
  readonly channels: Map<string, Set<string>>;
  /** What somebody does who may manage user groups. @throws where Slack refuses it */
  somebody(method: string, asked: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export async function startSlackGroups(token: string): Promise<SlackGroups> {
  const server = createServer(async (request, response) => {
    if (slack.down) return void request.socket.destroy();
    if (slack.wire.takes(request, response)) return;
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
    const isQuestion = method.endsWith('.list');
    if (!isQuestion && !slack.scopes.includes('usergroups:write')) return no('missing_scope');
    const answer = act(method, form);
    if (!isQuestion) slack.afterWrite();
    return answer;
  }

  function act(method: string, form: URLSearchParams): object {
    const withDisabled = form.get('include_disabled') === 'true';
    if (method === 'usergroups.list') {
      const shown = [...slack.groups].filter(([, group]) => withDisabled || !group.date_delete);
      return {
        ok: true,
        usergroups: shown.map(([id, { date_delete, handle }]) => ({ id, team_id: slack.team, handle, date_delete })),
      };
    }
    if (method === 'usergroups.create') return create(form);
    const group = slack.groups.get(form.get('usergroup') ?? '');
    if (!group) return no('no_such_subteam');
    if (method === 'usergroups.users.list')
      return withDisabled || !group.date_delete ? { ok: true, users: group.users } : no('no_such_subteam');
    const answer = change(method, form, group);
    // Slack puts a group's people into its channels, and takes nobody out of them.
    if (!group.date_delete)
      for (const channel of group.channels ?? [])
        for (const user of group.users)
          slack.channels.set(channel, (slack.channels.get(channel) ?? new Set()).add(user));
    return answer;
  }

  function create(form: URLSearchParams): object {
    const handle = form.get('handle') ?? '';
    if (isTaken(handle, null)) return no('handle_already_exists');
    slack.groups.set(`S0NEW${slack.groups.size}`, { users: [], date_delete: 0, handle });
    return { ok: true };
  }
  const isTaken = (handle: string, but: Group | null): boolean =>
    [...slack.groups.values()].some((one) => one !== but && one.handle === handle);

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
      case 'usergroups.update': {
        const handle = form.get('handle') ?? group.handle;
        if (isTaken(handle, group)) return no('handle_already_exists');
        group.handle = handle;
        const channels = form.get('channels');
        if (channels !== null) group.channels = channels.split(',').filter(Boolean);
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
    wire: createWire(),
    takesListsWhileOff: true,
    lie: () => undefined,
    afterWrite: () => undefined,
    channels: new Map(),
    somebody: (method, asked) => {
      const answer = act(method, new URLSearchParams(asked));
      if (!('ok' in answer && answer.ok === true)) throw new Error(`Slack refuses it: ${JSON.stringify(answer)}`);
    },
    close: () => closeServer(server),
  };
  return slack;
}
