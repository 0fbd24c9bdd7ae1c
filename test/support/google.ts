/**
 * The part of Google's Resource Manager that is about who has what, written from the published API description: etags, versions
 * and conditions of policies are as strict as there.
 */

import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

interface Binding {
  role: string;
  members: string[];
  condition?: { title: string; description?: string; expression: string };
}

export interface FakeGoogle {
  readonly url: string;
  policy: { version: number; etag: string; bindings: Binding[] };
  /** Runs between somebody's reading of the policy and their writing it. */
  beforeWrite: () => void;
  readonly permissions: Set<string>;
  down: boolean;
  readonly wire: Wire;
  /** A project that was shut down keeps its policy, and shows it to nobody until it is restored. */
  isShutDown: boolean;
  /** Something else answers the question for the policy, with this. */
  instead: unknown;
  /** Google follows a new address in every policy; the old one is free for somebody else. */
  rename(from: string, to: string): void;
  close(): Promise<void>;
}

const TOKEN = 'google-access-token';

export async function startGoogle(): Promise<FakeGoogle> {
  let serial = 0;
  const changed = () => {
    serial += 1;
    google.policy.etag = `etag-${serial}`;
  };

  const server = createServer(async (request, response) => {
    if (google.down) return void request.socket.destroy();
    if (google.wire.takes(request, response)) return;
    const text = await readBody(request);
    const url = new URL(request.url ?? '/', 'http://google');
    const reply = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/token')
      return void reply(200, {
        access_token: TOKEN,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 3600,
      });
    const answer =
      request.headers.authorization === `Bearer ${TOKEN}`
        ? handle(url, text ? JSON.parse(text) : {})
        : refuse(401, 'Request had invalid authentication credentials.');
    reply(answer.status, answer.body);
  });

  const refuse = (code: number, message: string) => ({ status: code, body: { error: { code, message } } });
  const ok = (body: unknown) => ({ status: 200, body });

  // biome-ignore lint/suspicious/noExplicitAny: bodies of many calls, read field by field
  function handle(url: URL, body: any) {
    const path = url.pathname;
    if (/^\/v3\/projects\/harbor-prod:[gs]etIamPolicy$/.test(path)) {
      const permission = `resourcemanager.projects.${path.split(':')[1]}`;
      if (google.isShutDown || !google.permissions.has(permission))
        return refuse(403, `Permission '${permission}' denied on resource (or it may not exist).`);
    }
    if (path === '/v3/projects/harbor-prod:getIamPolicy') {
      if (google.instead !== undefined) return ok(google.instead);
      const isOld = body.options?.requestedPolicyVersion !== 3;
      return isOld ? refuse(400, 'the policy has conditions: ask for version 3') : ok(structuredClone(google.policy));
    }
    if (path === '/v3/projects/harbor-prod:setIamPolicy') {
      google.beforeWrite();
      const { policy } = body as { policy: FakeGoogle['policy'] };
      if (policy.etag !== google.policy.etag)
        return refuse(
          409,
          'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
        );
      if (policy.version !== 3) return refuse(400, 'conditions need version 3');
      const wrong = policy.bindings.find(
        ({ role, condition, members }) =>
          members.some((member) => !/^(deleted:)?(user|group|serviceAccount):\S+@\S+$/.test(member)) ||
          (condition !== undefined && /^roles\/(owner|editor|viewer)$/.test(role)) ||
          (condition !== undefined && !condition.title),
      );
      if (wrong) return refuse(400, `Invalid binding for ${wrong.role}`);
      google.policy = { ...structuredClone(policy) };
      changed();
      return ok(google.policy);
    }
    if (path === '/v3/projects/harbor-prod:testIamPermissions')
      return ok({ permissions: (body.permissions as string[]).filter((one) => google.permissions.has(one)) });
    return refuse(404, 'no such method');
  }

  const google: FakeGoogle = {
    url: `http://127.0.0.1:${await listen(server)}`,
    policy: { version: 1, etag: 'etag-0', bindings: [] },
    beforeWrite: () => undefined,
    permissions: new Set(['resourcemanager.projects.getIamPolicy', 'resourcemanager.projects.setIamPolicy']),
    down: false,
    wire: createWire(),
    isShutDown: false,
    instead: undefined,
    rename: (from, to) => {
      for (const binding of google.policy.bindings)
        binding.members = binding.members.map((member) => (member === `user:${from}` ? `user:${to}` : member));
      changed();
    },
    close: () => closeServer(server),
  };
  return google;
}

/** Credentials of a workload identity that the fake accepts. @param subject a file with the machine's own token */
export const credentialsFor = ({ url }: { readonly url: string }, subject: string): string =>
  JSON.stringify({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${url}/token`,
    credential_source: { file: subject },
  });
