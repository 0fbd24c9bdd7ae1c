import type { WebClient } from '@slack/web-api';
import type { LedgerEvent, NewEvent } from './domain/events.ts';
import { BOT } from './domain/person.ts';
import type { Policy } from './domain/policy.ts';
import { HOUR, type Instant, isInstant, MINUTE, type Millis, SECOND } from './domain/terms.ts';
import { createForwarding, type ForwardingPlaces } from './forwarding/forwarding.ts';
import { createRunner, type Lane } from './jobs/runner.ts';
import { activityReader } from './ledger/activity.ts';
import type { CheckpointBook } from './ledger/checkpointBook.ts';
import { eventReader, newestPolicyLoaded } from './ledger/events.ts';
import { figuresGently } from './ledger/figures.ts';
import { createJobQueue } from './ledger/jobQueue.ts';
import { type OpenLedger, openLedgerToRead } from './ledger/open.ts';
import { createPostBook } from './ledger/posts.ts';
import { createStateCheck } from './ledger/stateCheck.ts';
import { createStore } from './ledger/store.ts';
import { verifyGently } from './ledger/verify.ts';
import { chaseAccessReview } from './lifecycle/accessReview.ts';
import { atMost } from './lifecycle/atMost.ts';
import { chaseReview } from './lifecycle/breakGlass.ts';
import { expireRequest } from './lifecycle/closeRequest.ts';
import type { Deps } from './lifecycle/deps.ts';
import { endGrant } from './lifecycle/endGrant.ts';
import { escalateRequest } from './lifecycle/escalateRequest.ts';
import { evidenceSource } from './lifecycle/evidenceSource.ts';
import { extendGrant } from './lifecycle/extendGrant.ts';
import { createDriftRound, EVERY_RESOURCE } from './lifecycle/findDrift.ts';
import { endFrozen } from './lifecycle/freeze.ts';
import { anchorLedger, createIntegrity } from './lifecycle/integrity.ts';
import { keyedLock } from './lifecycle/keyedLock.ts';
import { mendState } from './lifecycle/mendState.ts';
import { provisionGrant } from './lifecycle/provisionGrant.ts';
import { changesSince, keepPolicyText, type PolicyTextReader, policyLoaded } from './lifecycle/reloadPolicy.ts';
import { stampGrants } from './lifecycle/stampGrant.ts';
import { startRequest } from './lifecycle/startRequest.ts';
import { tellOfStranded } from './lifecycle/strandedAccess.ts';
import { createSweep, EVERYBODY } from './lifecycle/sweepPeople.ts';
import { note, page, pagerDutyJobs, resolvePage } from './lifecycle/tellPagerDuty.ts';
import { watchGrant } from './lifecycle/watchGrant.ts';
import type {
  Clock,
  CodeBox,
  Directory,
  IncidentDesk,
  Log,
  NewId,
  OnCall,
  PolicyEngine,
  PolicyFile,
  PostBook,
  Targets,
} from './ports.ts';
import { AUDIT_CURSOR, createAuditAnchors } from './slack/audit/anchors.ts';
import { createDigest } from './slack/audit/digest.ts';
import { createDelivery } from './slack/delivery.ts';
import { createHome } from './slack/home/home.ts';
import { createIdentityBook } from './slack/identity.ts';
import { messageJobs, projections } from './slack/projections.ts';

/** Calls to targets that give, and that take back, at the same time. */
const TARGET_CONCURRENCY = 16;
/** More is under way than targets are asked at a time, so that what is recorded meanwhile keeps no target waiting. */
const ACCESS_CONCURRENCY = 2 * TARGET_CONCURRENCY;
/** Slack messages that are sent at the same time. */
const MESSAGE_CONCURRENCY = 4;
/** Questions to PagerDuty and Slack that nobody waits for. */
const CHECK_CONCURRENCY = 4;
/** A message that Slack has refused this often is given up: about an hour and a half of trying. */
const MESSAGE_ATTEMPTS = 24;

/** How often the time is written down, so that a clock that is set back while the bot is down makes nothing late. */
const HEARTBEAT: Millis = MINUTE;
/** After a check that could not be carried out, or found what could not be put right. */
const CHECK_AGAIN: Millis = MINUTE;
const CLOCK_CURSOR = 'clock';

/** The latest time that the database knows of: the bot's clock must not start before it. What cannot be a time is none. */
export const latestKnown = (ledger: OpenLedger): Instant =>
  Math.max(
    0,
    ...[eventReader(ledger).newest()?.at ?? 0, createPostBook(ledger).cursor(CLOCK_CURSOR)].filter(isInstant),
  );

/** The world around the flow: everything that answers from outside, and what makes it come out differently. */
export interface World {
  readonly ledger: OpenLedger;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly newId: NewId;
  readonly log: Log;
  readonly version: string;
  readonly policy: Policy;
  readonly readPolicy: PolicyFile['read'];
  /** For what a restart changes. */
  readonly readPolicyText: PolicyTextReader;
  readonly directory: Directory;
  readonly onCall: OnCall;
  readonly incidents: IncidentDesk;
  readonly engine: PolicyEngine;
  readonly codes: CodeBox;
  readonly targets: Targets & { adopt(policy: Policy): void };
  /** Slack, for messages that nobody waits for. */
  readonly client: WebClient;
  readonly checkpoints: CheckpointBook | null;
  readonly forwarding: ForwardingPlaces;
}

/** The flow, its store, its due work and its messages, wired together; everything but how people reach it. */
export interface Core {
  readonly deps: Deps;
  readonly posts: PostBook;
  /** Records the start, takes up due work at once, and looks at the ledger beside it. */
  start(): Promise<void>;
  /** Takes no more work, waits for what is under way, and records the end. */
  stop(signal: string): Promise<void>;
}

export function createCore(world: World): Core {
  const { ledger, clock, random, log, client, checkpoints, directory, onCall, engine } = world;
  const targets = limitTargets(world.targets);
  let inForce = world.policy;
  const events = eventReader(ledger);
  const queue = createJobQueue(ledger);
  queue.releaseAll();
  const posts = createPostBook(ledger);
  const forwarding = createForwarding(world.forwarding, {
    events,
    posts,
    clock,
    log,
    record: (event) => store.commit({ events: [event] }),
  });
  const store = createStore(ledger, {
    clock,
    followUps: (event) => [
      ...messageJobs(event),
      ...pagerDutyJobs(event, world.incidents),
      ...forwarding.jobs(event.at),
    ],
    onDue: (jobs) => runner.poke(new Set(jobs.map(({ kind }) => kind))),
  });
  const integrity = createIntegrity({ store, events, log, isExpected: posts.cursor(AUDIT_CURSOR) > 0 });
  const activity = activityReader(ledger);
  const deps: Deps = {
    get policy() {
      return inForce;
    },
    policyFile: {
      read: world.readPolicy,
      use: (next) => {
        targets.adopt(next);
        inForce = next;
      },
    },
    store,
    directory,
    activity,
    evidence: evidenceSource({ onCall, directory, store, activity, engine, clock, policy: () => inForce }),
    onCall,
    incidents: world.incidents,
    codes: world.codes,
    integrity,
    targets,
    clock,
    newId: world.newId,
    log,
    grantLock: keyedLock(),
    limitLock: keyedLock(),
    humanLock: keyedLock(),
  };

  const identity = createIdentityBook({ client, store, events, log });
  const delivery = createDelivery({ client, posts, clock, identity, log });
  const home = createHome(deps, client, posts);
  const messages = projections({
    get policy() {
      return deps.policy;
    },
    store,
    targets,
    directory,
    events,
    posts,
    delivery,
    clock,
    refreshHome: home.refresh,
    anchors: createAuditAnchors({
      get auditChannel() {
        return deps.policy.auditChannel;
      },
      store,
      events,
      posts,
      delivery,
      identity,
      log,
      onChannelRead: integrity.compare,
    }),
  });
  const retried = { maxAttempts: Number.POSITIVE_INFINITY };
  const message = { maxBackoff: 5 * MINUTE, maxAttempts: MESSAGE_ATTEMPTS };
  const figures = async (period: { from: number; to: number }) => {
    const reader = openLedgerToRead(ledger.path);
    try {
      return await figuresGently(reader, period);
    } finally {
      reader.close();
    }
  };
  const tell = { incidents: deps.incidents, store, events, clock };
  const ledgerChecked = Promise.withResolvers<void>();
  const lanes: Lane[] = [
    {
      concurrency: ACCESS_CONCURRENCY,
      kinds: {
        end: { handle: (key, attempt) => endGrant(deps, key, attempt), maxBackoff: MINUTE, ...retried },
        freeze: { handle: (key) => endFrozen(deps, key), maxBackoff: 5 * SECOND, ...retried },
        expire: { handle: (key) => expireRequest(deps, key), maxBackoff: MINUTE, ...retried },
      },
    },
    {
      // What gives access waits until the ledger was looked at, and never stands in the way of what takes it back.
      concurrency: ACCESS_CONCURRENCY,
      after: Promise.all([ledgerChecked.promise, integrity.compared]).then(() => undefined),
      kinds: {
        provision: {
          handle: async (key, attempt) => {
            await provisionGrant(deps, key, attempt);
            return null;
          },
          maxBackoff: 5 * SECOND,
          ...retried,
        },
        extend: { handle: (key, attempt) => extendGrant(deps, key, attempt), maxBackoff: 5 * SECOND, ...retried },
        start: { handle: (key) => startRequest(deps, key), maxBackoff: MINUTE, ...retried },
      },
    },
    {
      concurrency: CHECK_CONCURRENCY,
      kinds: {
        watch: { handle: (key) => watchGrant(deps, key), maxBackoff: MINUTE, ...retried },
        sweep: { handle: createSweep(deps), maxBackoff: MINUTE, ...retried },
        escalate: { handle: (key) => escalateRequest(deps, key), maxBackoff: MINUTE, ...retried },
        review: { handle: (key) => chaseReview(deps, key), maxBackoff: MINUTE, ...retried },
        access_review: { handle: (key) => chaseAccessReview(deps, key), maxBackoff: 5 * MINUTE, ...retried },
        stamp: { handle: (key) => stampGrants(deps, key), maxBackoff: MINUTE, ...retried },
        drift: { handle: createDriftRound(deps), maxBackoff: 5 * MINUTE, ...retried },
        checkpoint: {
          handle: async () => (checkpoints ? anchorLedger({ store, events }, checkpoints, clock.now()) : null),
          maxBackoff: 5 * MINUTE,
          ...retried,
        },
        page: { handle: (seq) => page(tell, seq), ...message },
        resolve_page: { handle: (seq) => resolvePage(tell, seq), ...message },
        note: { handle: (seq) => note(tell, seq), ...message },
      },
    },
    {
      concurrency: MESSAGE_CONCURRENCY,
      kinds: {
        card: { handle: messages.card, ...message },
        notify: { handle: messages.notify, ...message },
        remind: { handle: messages.remind, ...message },
        review_cards: { handle: messages.reviewCards, ...message },
      },
    },
    { concurrency: 2, kinds: { forward: { handle: forwarding.handle, maxBackoff: 5 * MINUTE, ...retried } } },
    {
      concurrency: 1,
      kinds: {
        digest: {
          handle: createDigest({
            get policy() {
              return deps.policy;
            },
            store,
            delivery,
            client,
            clock,
            log,
            figures,
            picture: async (summary) => (await import('./report/picture.ts')).weekPicture(summary),
          }),
          maxBackoff: HOUR,
          ...retried,
        },
      },
    },
    { concurrency: 1, kinds: { audit: { handle: messages.audit, maxBackoff: MINUTE, ...retried } } },
  ];
  const runner = createRunner({ queue, clock, log, lanes, random });
  let checking: Promise<void> = Promise.resolve();
  let cancelBeat = (): void => undefined;
  let cancelCheck = (): void => undefined;
  let isLedgerChecked = false;

  function beat(): void {
    try {
      posts.moveCursor(CLOCK_CURSOR, clock.now());
    } catch (error) {
      log.warn({ err: error }, 'the time could not be written down');
    }
    cancelBeat = clock.wakeAt(clock.now() + HEARTBEAT, beat);
  }

  return {
    deps,
    posts,
    start: async () => {
      const before = newestPolicyLoaded(ledger)?.payload.hash ?? null;
      const changes = await changesSince(store, inForce, { before, read: world.readPolicyText });
      await store.commit({
        records: await keepPolicyText(store, inForce),
        events: startEvents(inForce, { newest: events.newest(), version: world.version, changes }),
        jobs: [
          { kind: 'sweep', key: EVERYBODY, dueAt: clock.now() + MINUTE },
          { kind: 'digest', key: 'weekly', dueAt: clock.now() + MINUTE },
          { kind: 'drift', key: EVERY_RESOURCE, dueAt: clock.now() + MINUTE },
          ...(checkpoints ? [{ kind: 'checkpoint', key: 'ledger', dueAt: clock.now() + MINUTE } as const] : []),
        ],
      });
      // What is overdue comes first, whether or not Slack can be reached, and whatever the ledger looks like.
      runner.start();
      beat();
      await tellOfStranded(deps);
      checking = check();
    },
    stop: async (signal) => {
      cancelBeat();
      cancelCheck();
      await runner.stop();
      await checking;
      cancelCheck();
      await store.commit({
        events: [{ type: 'bot.stopped', actor: BOT, requestId: null, grantId: null, payload: { signal } }],
      });
    },
  };

  /** State first: what is found there is access that would not end. What could not be done is tried again. */
  async function check(): Promise<void> {
    let isDone = false;
    try {
      const { problem, left } = await mendState({ deps, events, check: createStateCheck(ledger, clock) });
      const flaw = isLedgerChecked ? null : await flawInLedger();
      const found = [flaw, partsProblem(ledger), problem].filter((text) => text !== null).join('; ');
      await integrity.settle(found === '' ? null : found);
      isLedgerChecked = true;
      ledgerChecked.resolve();
      isDone = left === 0;
    } catch (error) {
      log.error({ err: error }, 'the ledger could not be checked; nothing new is granted until it is');
    }
    if (!isDone)
      cancelCheck = clock.wakeAt(clock.now() + CHECK_AGAIN, () => {
        checking = check();
      });
  }

  /**
   * From the first event to the last, beside the work; and against every position that was kept elsewhere.
   * @returns what is wrong; null: nothing
   */
  async function flawInLedger(): Promise<string | null> {
    const kept = checkpoints?.anchors(events.origin()?.ledger ?? '') ?? { anchors: [] };
    if ('problem' in kept) return kept.problem;
    const reader = openLedgerToRead(ledger.path);
    try {
      const result = await verifyGently(reader, kept.anchors);
      return result.whole ? null : result.problem;
    } finally {
      reader.close();
    }
  }
}

/** What was found about the database's own rules when it was opened; null: they are as the bot made them. */
const partsProblem = ({ bent }: OpenLedger): string | null =>
  bent.length === 0 ? null : `the database has other rules than the bot gave it: ${bent.slice(0, 3).join('; ')}`;

/** What gives access never keeps what takes it back waiting. */
function limitTargets(targets: World['targets']): World['targets'] {
  const giving = atMost(TARGET_CONCURRENCY);
  const taking = atMost(TARGET_CONCURRENCY);
  return {
    ...targets,
    grant: (grant, expiresAt) => giving(() => targets.grant(grant, expiresAt)),
    revoke: (grant) => taking(() => targets.revoke(grant)),
  };
}

function startEvents(
  policy: Policy,
  { newest, version, changes }: { newest: LedgerEvent | null; version: string; changes: readonly string[] },
): NewEvent[] {
  const started: NewEvent = {
    actor: BOT,
    requestId: null,
    grantId: null,
    type: 'bot.started',
    payload: { version, after: newest?.seq ?? 0 },
  };
  return [started, policyLoaded(policy, changes, BOT)];
}
