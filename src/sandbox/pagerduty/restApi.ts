import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from './account.ts';
import { objectsOf } from './objects.ts';
import { readingOf } from './reading.ts';
import { type Reply, refuse } from './reply.ts';
import { shiftBased } from './shiftBased.ts';
import { writingOf } from './writing.ts';

/** One call, as it comes over the wire. */
interface RestCall {
  readonly method: string;
  readonly url: URL;
  readonly headers: Pick<IncomingHttpHeaders, 'authorization' | 'accept' | 'from'>;
  readonly body: string;
}

/** What the REST API answers, without its rate limits. @param options.webhooks the subscriptions that there are */
export function createRestApi(options: {
  account: Account;
  token: string;
  now: () => number;
  webhooks: () => unknown[];
}): (call: RestCall) => Reply {
  const { account, token, now, webhooks } = options;
  const objects = objectsOf(account);
  const reading = readingOf(account, objects, now, webhooks);
  const writing = writingOf(account, objects, now);
  return ({ method, url, headers, body }) => {
    if (headers.authorization !== `Token token=${token}`) return refuse(401, 'Invalid credentials');
    if (!headers.accept?.includes('application/vnd.pagerduty+json;version=2')) return refuse(406, 'Not Acceptable');
    const [, resource = '', id, sub] = url.pathname.split('/');
    if (resource === 'v3')
      return method === 'GET' && id === 'schedules'
        ? shiftBased(account, sub ?? null, url.searchParams)
        : refuse(404, 'Not Found');
    if (method === 'GET' && id === undefined) return reading.list(resource, url.searchParams);
    if (resource === 'schedules' && sub === 'overrides' && method === 'GET')
      return reading.overrides(id ?? '', url.searchParams);
    if (method === 'GET' && sub === undefined) return reading.one(resource, id ?? '');
    if (resource === 'incidents' && method === 'POST' && id === undefined)
      return writing.openIncident(headers.from, body);
    if (resource === 'incidents' && sub === 'notes')
      return method === 'GET' ? reading.notes(id ?? '') : writing.addNote(headers.from, id ?? '', body);
    if (resource === 'incidents' && method === 'PUT' && sub === undefined)
      return writing.changeIncident(headers.from, id ?? '', body);
    return refuse(404, 'Not Found');
  };
}
