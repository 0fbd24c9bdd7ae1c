/**
 * The part of Google's Cloud Identity that is about groups and who is in them, written from the published API description:
 * resource names stay, addresses change hands; what is not there, and what one may not see, look alike.
 */

import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

interface Membership {
  readonly name: string;
  /** Whoever is in it; their address is looked up when it is shown. */
  readonly person: string;
  roles: { name: string; expiryDetail?: { expireTime: string } }[];
}

interface Group {
  address: string;
  members: Membership[];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface FakeGoogleGroups {
  readonly url: string;
  /** By resource name. */
  readonly groups: Map<string, Group>;
  /** Person by address. */
  readonly people: Map<string, string>;
  down: boolean;
  readonly wire: Wire;
  /** What is answered in place of what is so; null: what is so. */
  before: (method: string, path: string) => Answer | null;
  /** Puts somebody in, for good. */
  put(group: string, person: string): void;
  close(): Promise<void>;
}

const TOKEN = 'google-access-token';

export async function startGoogleGroups(): Promise<FakeGoogleGroups> {
  let serial = 0;
  const server = createServer(async (request, response) => {
    if (google.down) return void request.socket.destroy();
    if (google.wire.takes(request, response)) return;
    const text = await readBody(request);
    const url = new URL(request.url ?? '/', 'http://google');
    const method = request.method ?? 'GET';
    const { status, body } = answerTo(method, url, text, request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  const refuse = (code: number, message: string): Answer => ({ status: code, body: { error: { code, message } } });
  const ok = (body: unknown): Answer => ({ status: 200, body });
  const denied = refuse(403, 'Error(2028): Permission denied for resource (or it may not exist).');
  const absent = refuse(404, 'Error(4003): membership not found');

  function answerTo(method: string, url: URL, text: string, authorization: string | undefined): Answer {
    if (url.pathname === '/token')
      return ok({
        access_token: TOKEN,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 3600,
      });
    if (authorization !== `Bearer ${TOKEN}`) return refuse(401, 'Request had invalid authentication credentials.');
    return google.before(method, url.pathname) ?? handle(method, url, text ? JSON.parse(text) : {});
  }

  function handle(method: string, url: URL, body: Record<string, unknown>): Answer {
    const path = url.pathname;
    if (path === '/v1/groups:lookup') {
      const found = [...google.groups].find(([, { address }]) => address === url.searchParams.get('groupKey.id'));
      return found ? ok({ name: found[0] }) : denied;
    }
    const [, name = '', rest] = /^\/v1\/(groups\/[^/]+)(?:\/memberships(.*))?$/.exec(path) ?? [];
    const group = google.groups.get(name);
    if (!group) return denied;
    if (rest === undefined) return ok({ name, groupKey: { id: group.address } });
    return membershipCall(method, url, body, { name, group, rest });
  }

  const addressOf = (person: string): string => [...google.people].find(([, one]) => one === person)?.[0] ?? person;
  const shown = ({ name, person, roles }: Membership) => ({
    name,
    preferredMemberKey: { id: addressOf(person) },
    roles,
  });

  function membershipCall(
    method: string,
    url: URL,
    body: Record<string, unknown>,
    { name: parent, group, rest }: { name: string; group: Group; rest: string },
  ): Answer {
    const { members } = group;
    if (rest === ':lookup') {
      const person = google.people.get(url.searchParams.get('memberKey.id') ?? '');
      const found = members.find((one) => one.person === person);
      return found ? ok({ name: found.name }) : absent;
    }
    if (rest === '' && method === 'GET') {
      // One a page, so that whoever forgets the rest is noticed. What is empty is left out.
      const from = Number(url.searchParams.get('pageToken') ?? 0);
      const more = from + 1 < members.length ? { nextPageToken: String(from + 1) } : {};
      const some = members.slice(from, from + 1).map(shown);
      return ok({ ...(some.length > 0 && { memberships: some }), ...more });
    }
    if (rest === '' && method === 'POST') return create(body, parent, members);
    const [id, action] = rest.slice(1).split(':');
    const found = members.find(({ name }) => name === `${parent}/memberships/${id}`);
    if (!found) return absent;
    if (action === 'modifyMembershipRoles') {
      const { updateRolesParams } = body as { updateRolesParams: { membershipRole: Membership['roles'][number] }[] };
      found.roles = updateRolesParams.map(({ membershipRole }) => membershipRole);
      return ok({ membership: shown(found) });
    }
    if (method === 'DELETE') {
      members.splice(members.indexOf(found), 1);
      return ok({ done: true });
    }
    return ok(shown(found));
  }

  function create(body: Record<string, unknown>, parent: string, members: Membership[]): Answer {
    const { preferredMemberKey, roles } = body as { preferredMemberKey: { id: string }; roles: Membership['roles'] };
    const person = google.people.get(preferredMemberKey.id);
    if (!person) return refuse(400, 'Error(3003): no such entity');
    if (members.some((one) => one.person === person)) return refuse(409, 'Error(4003): membership already exists');
    const made = { name: nameIn(parent), person, roles };
    members.push(made);
    return ok({ done: true, response: shown(made) });
  }
  const nameIn = (parent: string): string => {
    serial += 1;
    return `${parent}/memberships/${serial}`;
  };

  const google: FakeGoogleGroups = {
    url: `http://127.0.0.1:${await listen(server)}`,
    groups: new Map(),
    people: new Map(),
    down: false,
    wire: createWire(),
    before: () => null,
    put: (group, person) =>
      google.groups.get(group)?.members.push({ name: nameIn(group), person, roles: [{ name: 'MEMBER' }] }),
    close: () => closeServer(server),
  };
  return google;
}
