/**
 * PagerDuty as the bot finds it on the wire: its own client, with pages, rate limits and all that rests on it, asks the
 * REST API of the sandbox, which answers from what is so in the world.
 */

import { HOUR, type Instant } from '../../src/domain/terms.ts';
import { type ClientOptions, createClient } from '../../src/pagerduty/client.ts';
import { createIncidentDesk } from '../../src/pagerduty/incidentDesk.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import type { Call, Send } from '../../src/pagerduty/wire.ts';
import type { IncidentDesk, OnCall } from '../../src/ports/pagerDuty.ts';
import type { Account, PdIncident, PdUser, Schedule } from '../../src/sandbox/pagerduty/account.ts';
import { createRestApi } from '../../src/sandbox/pagerduty/restApi.ts';
import type { Chance } from './chance.ts';
import type { Outside } from './outside.ts';
import type { Wire } from './wire.ts';

const TOKEN = 'the key of the simulation';
const FROM = 'eve@harbor.example';
/** More people than one page holds answer to a search, as it matches parts of addresses. */
const STAFF = 105;

const idOf = (slackId: string): string => `P${slackId.slice(2)}`;

/** What PagerDuty holds. It outlives the bot. */
export function createPagerDutyAccount(outside: Outside, now: Instant): Account {
  const incident: PdIncident = {
    id: 'PINC4711',
    number: 4711,
    title: 'Checkout latency',
    get status() {
      return outside.incident.resolved ? 'resolved' : 'triggered';
    },
    set status(_status) {
      throw new Error('the bot changes an incident that is not its own');
    },
    urgency: 'high',
    service: 'PCHECKOUT',
    assignees: [idOf('U0ANA')],
    createdAt: now,
    notes: [],
  };
  return {
    get users() {
      return [...staff(), ...usersOf(outside)];
    },
    get schedules() {
      return [1, 2].map((level) => scheduleOf(outside, level));
    },
    escalationPolicies: [
      {
        id: 'PPAYMENTS',
        name: 'Payments',
        levels: [
          [{ type: 'schedule', id: 'PS1' }],
          [{ type: 'schedule', id: 'PS2' }],
          [{ type: 'user', id: idOf('U0CHLOE') }],
        ],
      },
      // Nobody gets anything for being on call here.
      { id: 'PPLATFORM', name: 'Platform', levels: [[], [{ type: 'user', id: idOf('U0EVE') }]] },
    ],
    services: [
      { id: 'PCHECKOUT', name: 'Checkout', escalationPolicy: 'PPAYMENTS' },
      { id: 'PSECURITY', name: 'Security', escalationPolicy: 'PPLATFORM' },
    ],
    incidents: [incident],
  };
}

const staff = (): PdUser[] =>
  Array.from({ length: STAFF }, (_, index) => ({
    id: `PSTAFF${index}`,
    name: `Staff ${index}`,
    email: `staff${index}@harbor.example`,
  }));

/** PagerDuty writes addresses as they were typed. */
const usersOf = ({ workspace, strangers }: Outside): PdUser[] =>
  [...workspace.users.values()]
    .filter(({ id, email }) => email !== '' && !strangers.has(id))
    .map(({ id, realName, email }) => ({
      id: idOf(id),
      name: realName,
      email: id === 'U0DEV' ? email.toUpperCase() : email,
    }));

/** Of the first level it is an override of a schedule of layers; of the second, a shift of the newer kind of schedule. */
function scheduleOf({ shifts }: Outside, level: number): Schedule {
  const shift = shifts.get(level);
  const theirs = shift ? [{ user: idOf(shift.slackId), start: shift.until - 24 * HOUR, end: shift.until }] : [];
  return {
    id: `PS${level}`,
    name: `Level ${level}`,
    rotation: [],
    rotationStart: 0,
    turnMs: 24 * HOUR,
    overrides: level === 1 ? theirs : [],
    ...(level === 2 && { customShifts: theirs }),
  };
}

class RateLimited extends Error {}

/** @param options.clock the bot's */
export function pagerDutyOnTheWire(
  wire: Wire,
  account: Account,
  { chance, ...options }: Pick<ClientOptions, 'clock' | 'log'> & { readonly chance: Chance },
): { onCall: OnCall; incidents: IncidentDesk } {
  const answer = createRestApi({ account, token: TOKEN, now: options.clock.now, webhooks: () => [] });
  const send: Send = (path, call) =>
    wire
      .call(
        'pagerduty',
        `${call.method} ${path}`,
        () => {
          const { status, body } = answer(asSent(path, call));
          return { status, headers: new Headers({ 'ratelimit-remaining': '7' }), data: copyOf(body) };
        },
        (ending) =>
          // A rate limit is a clear no: it is never the answer to what was done.
          ending === 'failed' && chance.happens(0.3) ? new RateLimited() : new Error('PagerDuty did not answer'),
      )
      .catch((error: unknown) => {
        if (!(error instanceof RateLimited)) throw error;
        const headers = new Headers({ 'ratelimit-remaining': '0', 'ratelimit-reset': String(1 + chance.int(40)) });
        return { status: 429, headers, data: { error: { message: 'Rate Limit Exceeded', code: 2020 } } };
      });
  const client = createClient(send, options);
  return { onCall: createOnCall(client, options.clock), incidents: createIncidentDesk(client, FROM) };
}

function asSent(path: string, call: Call) {
  const url = new URL(path, 'https://api.pagerduty.com');
  if (call.method === 'GET')
    for (const [name, values] of Object.entries(call.query))
      for (const value of [values].flat()) url.searchParams.append(name, value);
  const headers = { authorization: `Token token=${TOKEN}`, accept: 'application/vnd.pagerduty+json;version=2' };
  return call.method === 'GET'
    ? { method: call.method, url, headers, body: '' }
    : { method: call.method, url, headers: { ...headers, from: call.from }, body: JSON.stringify(call.body) };
}

const copyOf = (body: unknown): unknown => JSON.parse(JSON.stringify(body));

/** What the bot wrote there: each note once, and at most one incident of a key that is open. @returns what is wrong */
export function wrongAtPagerDuty({ incidents }: Account, invoked: number): string | null {
  for (const { id, notes } of incidents) {
    const twice = notes.find(({ content }, index) => notes.findIndex((one) => one.content === content) !== index);
    if (twice) return `${id} has a note twice: ${twice.content}`;
  }
  const own = incidents.filter(({ key }) => key !== undefined && key !== null);
  if (own.length > invoked) return `${own.length} pages for ${invoked} uses of break-glass`;
  const keys = own.map(({ key }) => key);
  if (new Set(keys).size < keys.length) return `somebody was paged twice for the same: ${keys.join(', ')}`;
  return null;
}
