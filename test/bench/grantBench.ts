/** From a submitted request to active access, and many grants that end at once. */

import { systemClock } from '../../src/app/clock.ts';
import { intendGrant, type Ties } from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import { HOUR, SECOND } from '../../src/domain/terms.ts';
import { canonical } from '../../src/ledger/book/canonical.ts';
import { GENESIS_HASH, hashEvent } from '../../src/ledger/book/chain.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { watchGrant } from '../../src/lifecycle/grant/watchGrant.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { createPagerDuty } from '../../src/pagerduty/client.ts';
import { createOnCall } from '../../src/pagerduty/onCall.ts';
import { startPagerDuty } from '../../src/sandbox/pagerduty/server.ts';
import { recordedLog } from '../support/log.ts';
import { benchPerson, createBenchBox, inFolder, NO_ON_CALL } from './box.ts';
import { type Measure, paired, timeAsync } from './measure.ts';

const ROUNDS = 60;
/** Between two rounds: what the one left behind does not slow down the next. */
const QUIET_MS = 20;
const BURST = 10_000;
const WATCHED = 1_000;
const WATCHERS = 100;
const TARGET_MS = 20;
const CONCURRENCY = 16;
/** The ideal is measured with a tenth of them. */
const BARE_PART = 10;

export async function grantBench(): Promise<Measure[]> {
  return [...(await inFolder(submitToActive)), await inFolder(burst), await inFolder(watches)];
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS));

/** A PagerDuty at which so many people are on call. */
const onCallAt = (count: number) => {
  const people = Array.from({ length: count }, (_, index) => benchPerson(index));
  return startPagerDuty({
    account: {
      users: people.map(({ email, name }, index) => ({ id: `PU${index}`, name, email })),
      schedules: [],
      escalationPolicies: [
        {
          id: 'PPAYMENTS',
          name: 'Payments',
          levels: [people.map((_, index) => ({ type: 'user' as const, id: `PU${index}` }))],
        },
      ],
      services: [],
      incidents: [],
    },
    now: Date.now,
    token: 'bench-token',
  });
};

async function submitToActive(path: (name: string) => string): Promise<Measure[]> {
  const people = Array.from({ length: ROUNDS }, (_, index) => benchPerson(index));
  const pagerDuty = await onCallAt(ROUNDS);
  const client = createPagerDuty({
    token: 'bench-token',
    apiUrl: pagerDuty.apiUrl,
    clock: systemClock(0),
    log: recordedLog(),
  });
  const onCall = createOnCall(client, systemClock(0));
  let active: () => void = () => undefined;
  const { core, inCommits, end } = await createBenchBox(path('jit.db'), { onCall, targets: {} });
  const { commit } = core.deps.store;
  Object.assign(core.deps.store, {
    commit: async (change: Parameters<typeof commit>[0]) => {
      const events = await commit(change);
      if (events.some(({ type }) => type === 'grant.activated')) active();
      return events;
    },
  });
  await core.start();
  // PagerDuty knows each person already, as it does after their first request.
  for (const person of people) await onCall.entries(person, 'preview');
  await quiet();
  const perDecision: number[] = [];
  const times: number[] = [];
  const floors: number[] = [];
  for (const [index, person] of people.entries()) {
    await quiet();
    const call = await timeAsync(() => onCall.entries(person, 'decision'));
    await quiet();
    const [before, callsBefore] = [inCommits(), pagerDuty.calls.length];
    times.push(
      await timeAsync(async () => {
        const isActive = new Promise<void>((resolve) => {
          active = resolve;
        });
        await submitRequest(core.deps, {
          submissionKey: `K${index}`,
          personId: person.slackId,
          roles: ['db/read'],
          duration: HOUR,
          reason: 'stuck payments',
          incidentId: null,
          startsAt: null,
          factor: null,
        });
        await isActive;
      }),
    );
    floors.push(inCommits() - before + call);
    perDecision.push(pagerDuty.calls.length - callsBefore);
  }
  await end();
  await pagerDuty.close();
  return [
    {
      what: 'request submitted → access active, with an instant target',
      unit: 'ms',
      ...paired('its own durable commits and its one PagerDuty call', times, floors),
      budget: { most: 1.2 },
      limitedBy: 'the PagerDuty client and the disk’s sync',
    },
    {
      what: 'PagerDuty calls per decision, person known',
      unit: 'calls',
      value: Math.max(...perDecision),
      budget: { most: 1 },
      limitedBy: 'one is what it takes',
    },
  ];
}

/** Ten thousand grants that end in the same second, on targets that take 20 ms each. */
async function burst(path: (name: string) => string): Promise<Measure> {
  const endsAt = Date.now() + 5 * SECOND;
  fill(path('jit.db'), BURST, endsAt);
  let ended = 0;
  const all = Promise.withResolvers<void>();
  const { core, end } = await createBenchBox(path('jit.db'), {
    onCall: NO_ON_CALL,
    targets: {
      revoke: () => new Promise((resolve) => setTimeout(() => resolve([]), TARGET_MS)),
      isActive: async () => {
        ended += 1;
        if (ended === BURST) all.resolve();
        return false;
      },
    },
  });
  await core.start();
  await all.promise;
  const took = Date.now() - endsAt;
  await end();
  const bare = (await timeAsync(() => asked(BURST / BARE_PART))) * BARE_PART;
  return {
    what: `${BURST.toLocaleString('en')} grants ending in the same second, targets of ${TARGET_MS} ms: the last ends after`,
    unit: 'ms',
    value: took,
    floor: { what: `the same targets asked ${CONCURRENCY} at a time, and nothing else done`, value: bare },
    budget: { most: 1.05 },
    limitedBy: 'two durable commits for each end, on the one thread that also talks to targets',
  };
}

/** Each of a thousand watched shifts is looked after once, one after the other, as their times are spread over a period. */
async function watches(path: (name: string) => string): Promise<Measure> {
  const pagerDuty = await onCallAt(WATCHERS);
  const client = createPagerDuty({
    token: 'bench-token',
    apiUrl: pagerDuty.apiUrl,
    clock: systemClock(0),
    log: recordedLog(),
  });
  const shift = {
    escalationPolicy: { id: 'PPAYMENTS', name: 'Payments' },
    schedule: null,
    level: 1,
    end: null,
    over: false,
    grace: 0,
  };
  fill(path('jit.db'), WATCHED, Date.now() + HOUR, { people: WATCHERS, ties: { ...UNTIED, shift } });
  const onCall = createOnCall(client, systemClock(0));
  const { core, end } = await createBenchBox(path('jit.db'), { onCall, targets: {} });
  for (let index = 0; index < WATCHERS; index += 1) await onCall.entries(benchPerson(index), 'preview');
  const before = pagerDuty.calls.length;
  for (let index = 0; index < WATCHED; index += 1) await watchGrant(core.deps, `G${index}`);
  const calls = pagerDuty.calls.length - before;
  await end();
  await pagerDuty.close();
  return {
    what: `${WATCHED.toLocaleString('en')} watched shifts of ${WATCHERS} people: questions to PagerDuty for each person in a period of five minutes`,
    unit: 'calls',
    value: calls / WATCHERS,
    budget: { most: 1 },
    limitedBy: 'a look for each access at its own time; only looks at the same moment share an answer',
  };
}

/** So many answers of such targets, with as many under way as the bot has. */
async function asked(count: number): Promise<void> {
  let left = count;
  const one = async () => {
    for (left -= 1; left >= 0; left -= 1) await new Promise((resolve) => setTimeout(resolve, TARGET_MS));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, one));
}

interface Filling {
  /** So many are past their end. */
  readonly due?: number;
  readonly place?: string;
  readonly people?: number;
  readonly ties?: Ties;
}

const UNTIED: Ties = { window: null, shift: null, incident: null, inPagerDuty: true };

/** Live grants as a bot would have left them, made fast; the first few are past their end. */
export function fill(
  path: string,
  count: number,
  later: number,
  { due = 0, place = 'bench db', people = count, ties = UNTIED }: Filling = {},
): void {
  const ledger = openLedger(path);
  ledger.sqlite.pragma('synchronous = OFF');
  const request = ledger.sqlite.prepare(
    "INSERT INTO requests (id, version, state, submission_key, requester, role, bundle, body) VALUES (?, 1, 'approved', ?, ?, ?, ?, ?)",
  );
  const grantRow = ledger.sqlite.prepare(
    "INSERT INTO grants (id, version, state, request_id, person, role, resource, body) VALUES (?, 1, 'active', ?, ?, ?, 'db', ?)",
  );
  const job = ledger.sqlite.prepare("INSERT INTO jobs (kind, key, due_at) VALUES ('end', ?, ?)");
  const say = appendTo(ledger);
  ledger.sqlite.transaction(() => {
    for (let index = 0; index < count; index += 1) {
      const endsAt = index < due ? Date.now() - HOUR : later;
      const [id, requestId] = [`G${index}`, `R${index}`];
      const person = benchPerson(index % people);
      // One of a kind for each person.
      const role = index < people ? 'db/read' : `db/read-${Math.floor(index / people)}`;
      const intent = intendGrant(
        {
          id,
          requestId,
          person,
          resourceId: 'db',
          place,
          role,
          grants: {},
          duration: HOUR,
          ties,
        },
        endsAt - HOUR,
      );
      const grant = { ...intent, state: 'active', activation: { at: endsAt - HOUR, account: id }, extension: null };
      const asked = {
        id: requestId,
        requester: person,
        role,
        state: 'approved',
        grantId: id,
        bundle: requestId,
        reviews: [],
        useReview: null,
        signals: [],
        decision: { effect: 'allow', rule: 1, reasons: [], outcomes: [], proof: { onCall: null, incident: null } },
      };
      request.run(requestId, requestId, person.slackId, role, requestId, JSON.stringify(asked));
      grantRow.run(id, requestId, person.slackId, role, JSON.stringify(grant));
      job.run(id, endsAt);
      // Without these, the bot takes the grant for one that somebody put into the table, and ends it at its start.
      const about = { at: endsAt - HOUR, requestId, grantId: id };
      const given = { role, person: { slackId: person.slackId, name: person.name }, endsAt };
      say('grant.provisioning', about, { ...given, duration: HOUR, gives: { place, grants: {} } });
      say('grant.activated', about, { ...given, account: id });
    }
  })();
  ledger.close();
}

/** Appends events as the bot does, in the transaction of whoever calls it. */
function appendTo({ sqlite }: OpenLedger) {
  const insert = sqlite.prepare(
    'INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const newest = sqlite
    .prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM events ORDER BY seq DESC')
    .get();
  let last = newest ?? { seq: 0, hash: GENESIS_HASH };
  return (type: string, about: { at: number; requestId: string; grantId: string }, said: object): void => {
    const { at, requestId, grantId } = about;
    const [seq, prevHash] = [last.seq + 1, last.hash];
    const [actor, payload] = [canonical(BOT), canonical(said)];
    const hash = hashEvent({ seq, at, type, actor, requestId, grantId, payload, prevHash });
    insert.run(seq, at, type, actor, requestId, grantId, payload, prevHash, hash);
    last = { seq, hash };
  };
}
