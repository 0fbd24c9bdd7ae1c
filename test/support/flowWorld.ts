import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { keyedLock } from '../../src/concurrency/keyedLock.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { LedgerEvent } from '../../src/domain/events.ts';
import type { OnCallEntry, OpaAnswer } from '../../src/domain/evidence.ts';
import type { ActiveGrant, Grant } from '../../src/domain/grant.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { mailboxOf, type Person } from '../../src/domain/person.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Refusal, Refused } from '../../src/domain/refusal.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, type Instant, type Known, known, MINUTE, type Millis, unknown } from '../../src/domain/terms.ts';
import { createActivityReader } from '../../src/ledger/history/activity.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { chaseAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import { chaseUseReview } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { tendCanary } from '../../src/lifecycle/canary/canary.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { evidenceSource } from '../../src/lifecycle/evidenceSource.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { extendGrant, requestExtension } from '../../src/lifecycle/grant/extendGrant.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { watchGrant } from '../../src/lifecycle/grant/watchGrant.ts';
import { expireRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { delegate } from '../../src/lifecycle/review/delegate.ts';
import { escalateRequest } from '../../src/lifecycle/review/escalateRequest.ts';
import { type ReviewInput, reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import type { Job, JobKind } from '../../src/ports/jobs.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import type { Directory } from '../../src/ports/people.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { type ManualClock, manualClock } from './clock.ts';
import { eventsIn } from './events.ts';
import { type RecordedLog, recordedLog } from './log.ts';

/**
 * The verbs of the flow on a real ledger, with Slack, PagerDuty, Open Policy Agent, the targets and the clock in the hands
 * of a test. Nothing happens by itself: due work is done when the test calls `work`.
 */
export interface Flow {
  readonly deps: Deps;
  readonly ledger: OpenLedger;
  readonly log: RecordedLog;
  readonly clock: ManualClock;
  /** Accounts about which Slack answers nothing. */
  readonly silent: Set<string>;
  /** Accounts that do not see a message now. */
  readonly asleep: Set<string>;
  /** Who is at Slack. A text instead of a person: why they cannot take part. */
  readonly people: Map<string, Person | string>;
  /** Accounts that can have no access, such as guests' and bots'. */
  readonly guests: Person[];
  readonly groups: Map<string, string[]>;
  /** What PagerDuty says of each, by Slack id. */
  readonly shifts: Map<string, OnCallEntry[]>;
  readonly incidents: Map<string, Incident>;
  readonly outages: Set<'pagerduty' | 'target'>;
  /** What Open Policy Agent answers. */
  opa: OpaAnswer | null;
  /** Puts another policy in force. */
  reload(change: (source: string) => string): void;
  asks(who: string, role: string, duration: Millis, more?: Asked): Promise<Request>;
  /** @returns why it was refused */
  refused(outcome: Promise<unknown>): Promise<Refusal>;
  approves(who: string, request: Request, change?: ReviewInput['change']): Promise<Request>;
  denies(who: string, request: Request): Promise<Request>;
  extends(who: string, grant: Grant, duration: Millis): Promise<Request>;
  standsIn(from: string, to: string, until?: Instant): Promise<unknown>;
  /** Does what is due, until nothing is. */
  work(): Promise<void>;
  /** Keys of the work of a kind that is left, due now or ever. */
  left(kind: JobKind): Promise<readonly string[]>;
  /** The live access of somebody. */
  held(who: string, role: string): Promise<ActiveGrant>;
  isHeld(who: string, role: string): Promise<boolean>;
  request(id: string): Promise<Request>;
  events(): readonly LedgerEvent[];
  /** Work of a kind that is due, now or later. */
  due(kind: JobKind): readonly Omit<Job, 'kind'>[];
  close(): void;
}

/** What outlives the bot: one that is started on the same site goes on where the other was. */
export interface Site {
  readonly path: string;
  readonly clock: ManualClock;
  /** Ids of grants that the target holds. */
  readonly target: Set<string>;
  /** How many ids were given out. */
  ids: number;
}

export const aSite = (path: string): Site => ({ path, clock: manualClock(), target: new Set(), ids: 0 });

/** As it stands now, with the database elsewhere: what happens on one does not happen on the other. */
export function copyOfSite({ path, clock, target, ids }: Site, to: string): Site {
  copyFileSync(path, to);
  return { path: to, clock: manualClock(clock.now()), target: new Set(target), ids };
}

interface FlowOptions {
  readonly slack?: string;
  /** The roles of one resource, `db`, as they stand in a policy file, indented by six. */
  readonly roles: string;
  readonly more?: string;
  /** Without it, a new one that goes with the flow. */
  readonly site?: Site;
  readonly followUps?: (event: LedgerEvent) => readonly Job[];
  /** Kinds of due work that `work` does besides what gives, watches and ends access. */
  readonly also?: readonly JobKind[];
}

interface Asked {
  readonly incidentId?: string;
  readonly startsAt?: Instant;
}

const NAMES = ['ANA', 'BEN', 'CHLOE', 'DEV', 'EVE', 'FRED'];
const person = (name: string): Person => ({
  slackId: `U0${name}`,
  name: name[0] + name.slice(1).toLowerCase(),
  email: `${name.toLowerCase()}@harbor.example`,
  timeZone: 'UTC',
});

/** Of one person, on a schedule at a level, begun long ago and with hours to go, unless it says otherwise. */
export const aShift = (now: Instant, more: Partial<OnCallEntry> = {}): OnCallEntry => ({
  escalationPolicy: { id: 'PPAY', name: 'Payments' },
  services: [],
  schedule: { id: 'PSCHED', name: 'Primary' },
  level: 1,
  start: now - 2 * HOUR,
  end: now + 8 * HOUR,
  isOverride: false,
  ...more,
});

export const anIncident = (more: Partial<Incident> = {}): Incident => ({
  id: 'PINC1',
  number: 1,
  title: 'Slow',
  status: 'triggered',
  urgency: 'high',
  priority: null,
  service: { id: 'PCHECKOUT', name: 'Checkout' },
  url: '',
  ...more,
});

class RefusedError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`refused: ${JSON.stringify(refusal)}`);
    this.refusal = refusal;
  }
}

const orThrow = <T extends object>(outcome: T | Refused): T => {
  if ('refused' in outcome) throw new RefusedError(outcome.refused);
  return outcome;
};

export function aFlow({
  slack = '',
  roles,
  more = '',
  followUps = () => [],
  also = [],
  ...options
}: FlowOptions): Flow {
  const source = `version: 1
slack:
  audit_channel: C0AUDIT
  approvals_channel: C0ACCESS
  admins: [U0EVE]
${slack}
resources:
  db:
    name: Database
    target: { kind: webhook, url: "https://targets.example/db", secret: "\${SECRET}" }
    roles:
${roles}
${more}`;
  const parse = (text: string): Policy => {
    const parsed = parsePolicy(text, PROVISIONERS, { SECRET: 'sixteen-characters-at-least' });
    if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
    return parsed.policy;
  };
  let policy = parse(source);
  const directory = options.site ? null : mkdtempSync(join(tmpdir(), 'jitbot-flow-'));
  const site = options.site ?? aSite(join(directory ?? '', 'jit.db'));
  const { clock } = site;
  const ledger = openLedger(site.path);
  ledger.sqlite.pragma('synchronous = OFF');
  const store = createStore(ledger, { clock, followUps, onDue: () => undefined });
  const log = recordedLog();
  const activity = createActivityReader(ledger);
  const world = {
    silent: new Set<string>(),
    asleep: new Set<string>(),
    people: new Map<string, Person | string>(NAMES.map((name) => [`U0${name}`, person(name)])),
    guests: [] as Person[],
    groups: new Map<string, string[]>(),
    shifts: new Map<string, OnCallEntry[]>(),
    incidents: new Map<string, Incident>(),
    outages: new Set<'pagerduty' | 'target'>(),
    opa: null as OpaAnswer | null,
  };
  const slackSays = slackFrom(world);
  const onCall = pagerDutyFrom(world);
  const engine = { ask: async () => (world.opa ? known(world.opa) : unknown('it is down')) };
  const serial = () => {
    site.ids += 1;
    return site.ids;
  };
  const deps: Deps = {
    get policy() {
      return policy;
    },
    policyFile: { read: async () => ({ policy }), use: async () => undefined },
    store,
    directory: slackSays,
    activity,
    evidence: evidenceSource({ onCall, directory: slackSays, store, activity, engine, clock, policy: () => policy }),
    onCall,
    incidents: {
      canWrite: false,
      note: async () => undefined,
      page: async () => undefined,
      resolve: async () => undefined,
    },
    codes: createCodeBox(Buffer.alloc(32, 7)),
    integrity: {
      problem: () => null,
      doubt: () => null,
      clearDoubt: () => undefined,
      isRestored: () => false,
      reconciled: () => undefined,
    },
    targets: targetsFrom(world, site.target),
    clock,
    newId: (prefix) => `${prefix}${String(serial()).padStart(10, '0')}`,
    log,
    grantLock: keyedLock(),
    limitLock: keyedLock(),
    policyLock: keyedLock(),
    takenBack: new Set(),
    humanLock: keyedLock(),
  };
  const queue = createJobQueue(ledger);
  const handlers: Partial<Record<JobKind, (key: string, attempt: number) => Promise<{ notBefore: Instant } | null>>> = {
    provision: (key, attempt) => provisionGrant(deps, key, attempt).then(() => null),
    extend: (key, attempt) => extendGrant(deps, key, attempt),
    start: (key) => startRequest(deps, key),
    watch: (key) => watchGrant(deps, key),
    escalate: (key) => escalateRequest(deps, key),
    end: (key, attempt) => endGrant(deps, key, attempt),
  };
  const others: typeof handlers = {
    expire: (key) => expireRequest(deps, key),
    chase_use_review: (key) => chaseUseReview(deps, key),
    access_review: (key) => chaseAccessReview(deps, key),
    canary: (_key, attempt) => tendCanary(deps, attempt),
  };
  const kinds = [...(Object.keys(handlers) as JobKind[]), ...also];
  const work = async () => {
    for (;;) {
      const [claim] = await queue.claim(kinds, clock.now(), 1, MINUTE);
      if (!claim) return;
      const outcome = await (handlers[claim.kind] ?? others[claim.kind])?.(claim.key, claim.attempt).then(
        (back) => (back ? { dueAt: Math.max(back.notBefore, clock.now() + 1), after: 'done' as const } : 'done'),
        () => ({ dueAt: clock.now() + 1_000, after: 'failed' as const }),
      );
      await queue.settle({ claim, next: outcome ?? 'done' });
    }
  };
  const liveOf = async (slackId: string, role: string) =>
    (await store.liveGrants({ slackId })).find(({ value }) => value.role === role);
  const held = async (who: string, role: string): Promise<ActiveGrant> => {
    const live = await liveOf(who, role);
    if (live?.value.state !== 'active') throw new Error(`${who} does not hold ${role}: ${JSON.stringify(live)}`);
    return live.value;
  };
  const review = async (reviewerId: string, request: Request, input: Pick<ReviewInput, 'verdict' | 'change'>) =>
    orThrow(await reviewRequest(deps, { requestId: request.id, reviewerId, comment: 'seen', factor: null, ...input }));
  return {
    deps,
    ledger,
    log,
    clock,
    silent: world.silent,
    asleep: world.asleep,
    people: world.people,
    guests: world.guests,
    groups: world.groups,
    shifts: world.shifts,
    incidents: world.incidents,
    outages: world.outages,
    get opa() {
      return world.opa;
    },
    set opa(answer) {
      world.opa = answer;
    },
    reload: (change) => {
      const text = change(policy.source);
      if (text === policy.source) throw new Error('the policy did not change');
      policy = parse(text);
    },
    asks: async (
      who,
      role,
      duration,
      { incidentId = null, startsAt = null }: { incidentId?: string | null; startsAt?: Instant | null } = {},
    ) => {
      const { requests, refused } = await submitRequest(deps, {
        submissionKey: `S${serial()}`,
        personId: who,
        roles: [role],
        duration,
        reason: 'because it is needed',
        incidentId,
        startsAt,
        factor: null,
      });
      const [no] = refused;
      if (no) throw new RefusedError(no.refusal);
      const [request] = requests;
      if (!request) throw new Error('nothing came of the request');
      return request;
    },
    refused: async (outcome) => {
      try {
        await outcome;
      } catch (error) {
        if (error instanceof RefusedError) return error.refusal;
        throw error;
      }
      throw new Error('it was not refused');
    },
    approves: (who, request, change = null) => review(who, request, { verdict: 'approve', change }),
    denies: (who, request) => review(who, request, { verdict: 'deny', change: null }),
    extends: async (who, grant, duration) =>
      orThrow(
        await requestExtension(deps, {
          submissionKey: `S${serial()}`,
          personId: who,
          grantId: grant.id,
          duration,
          reason: 'not done yet',
          factor: null,
        }),
      ),
    standsIn: async (fromId, toId, until = clock.now() + 24 * HOUR) =>
      orThrow(await delegate(deps, { fromId, toId, until })),
    work,
    left: async (kind) => (await queue.mayBegin([kind], Number.MAX_SAFE_INTEGER, 100)).map(({ key }) => key),
    held,
    isHeld: async (who, role) => (await liveOf(who, role)) !== undefined,
    request: async (id) => {
      const found = await store.request(id);
      if (!found) throw new Error(`there is no request ${id}`);
      return found.value;
    },
    events: () => eventsIn(ledger),
    due: (kind) =>
      ledger.sqlite
        .prepare<[string], Omit<Job, 'kind'>>(
          'SELECT key, due_at AS dueAt FROM jobs WHERE kind = ? ORDER BY due_at, key',
        )
        .all(kind),
    close: () => {
      ledger.close();
      if (directory !== null) rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface World {
  readonly silent: Set<string>;
  readonly asleep: Set<string>;
  readonly people: Map<string, Person | string>;
  readonly guests: Person[];
  readonly groups: Map<string, string[]>;
  readonly shifts: Map<string, OnCallEntry[]>;
  readonly incidents: Map<string, Incident>;
  readonly outages: Set<'pagerduty' | 'target'>;
}

function slackFrom({ silent, asleep, people, guests, groups }: World): Directory {
  const lookUp = (found: Person | string | undefined): Known<Person> =>
    typeof found === 'object' ? known(found) : unknown(found ?? 'Slack does not know this person');
  return {
    person: async (id) => lookUp(silent.has(id) ? 'Slack does not answer' : people.get(id)),
    personByEmail: async (email) =>
      lookUp([...people.values()].find((one) => typeof one === 'object' && one.email === email)),
    hasLeft: async (id) =>
      silent.has(id)
        ? unknown('Slack does not answer')
        : known(typeof people.get(id) === 'object' ? null : 'the Slack account was deactivated'),
    isAwake: async ({ slackId }) =>
      silent.has(slackId) ? unknown('Slack does not answer') : known(!asleep.has(slackId)),
    members: async (ids) =>
      new Map(
        ids.map((id) => {
          const members = groups.get(id);
          return [id, members ? known(new Set(members)) : unknown(`no group ${id}`)] as const;
        }),
      ),
    everybody: async () => known([...people.values()].filter((one) => typeof one === 'object')),
    mailboxOwner: async (email) => {
      const all = [...people.values(), ...guests].filter((one) => typeof one === 'object');
      return known(all.find((one) => mailboxOf(one.email) === mailboxOf(email)) ?? null);
    },
    names: async () => new Map(),
  };
}

function pagerDutyFrom({ people, shifts, incidents, outages }: World): OnCall {
  const ask = <T>(answer: () => Known<T>): Promise<Known<T>> =>
    Promise.resolve(outages.has('pagerduty') ? unknown('PagerDuty did not answer') : answer());
  const emailOf = (id: string) => {
    const found = people.get(id);
    return typeof found === 'object' ? found.email : '';
  };
  return {
    entries: ({ slackId }) => ask(() => known(shifts.get(slackId) ?? [])),
    onCallFor: (policy, level) =>
      ask(() =>
        known({
          addresses: [...shifts].flatMap(([id, entries]) =>
            entries.some((one) => one.escalationPolicy.id === policy && one.level === level) ? [emailOf(id)] : [],
          ),
          unread: null,
        }),
      ),
    knows: () => ask(() => known(true)),
    incident: (id) =>
      ask(() => {
        const found = incidents.get(id);
        return found ? known(found) : unknown('PagerDuty has no such incident');
      }),
    check: () => ask(() => known(true as const)),
    nameOf: (_kind, id) => ask(() => known(`Service ${id}`)),
    openIncidents: () => ask(() => known([...incidents.values()])),
  };
}

function targetsFrom({ outages }: World, held: Set<string>): Targets {
  const call = async <T>(effect: () => T): Promise<T> => {
    if (outages.has('target')) throw new Error('the target did not answer');
    return effect();
  };
  return {
    grant: ({ id }) => call(() => ({ account: held.add(id) && `jit_${id}` })),
    revoke: ({ id }) =>
      call(() => {
        held.delete(id);
        return [];
      }),
    isActive: ({ id }) => call(() => held.has(id)),
    canList: () => false,
    showsMarks: () => false,
    list: async () => [],
    remove: async () => undefined,
    issueCredential: async () => null,
    issuesCredentials: () => false,
    obstacle: () => null,
    placeOf: (resourceId) => resourceId,
    placesOf: () => new Set(),
    knowsPlace: () => true,
    stamp: async () => undefined,
    tidy: async () => undefined,
    afterlife: () => undefined,
  };
}
