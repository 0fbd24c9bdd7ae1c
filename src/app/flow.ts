import { keyedLock } from '../concurrency/keyedLock.ts';
import { createLimit } from '../concurrency/limit.ts';
import type { NewEvent } from '../domain/events.ts';
import { BOT } from '../domain/person.ts';
import { createForwarding, type Forwarding } from '../forwarding/forwarding.ts';
import { createRunner } from '../jobs/runner.ts';
import { chaseAccessReview } from '../lifecycle/accessReview/accessReview.ts';
import { chaseUseReview } from '../lifecycle/breakGlass/breakGlass.ts';
import { canaryJobs, tendCanary } from '../lifecycle/canary/canary.ts';
import type { Deps, Integrity } from '../lifecycle/deps.ts';
import { evidenceSource } from '../lifecycle/evidenceSource.ts';
import { endGrant } from '../lifecycle/grant/endGrant.ts';
import { extendGrant } from '../lifecycle/grant/extendGrant.ts';
import { createDriftRound } from '../lifecycle/grant/findDrift.ts';
import { provisionGrant } from '../lifecycle/grant/provisionGrant.ts';
import { stampGrants } from '../lifecycle/grant/stampGrant.ts';
import { tellOfStranded } from '../lifecycle/grant/strandedAccess.ts';
import { type UnrecordedTies, watchGrant } from '../lifecycle/grant/watchGrant.ts';
import { endFrozen } from '../lifecycle/health/freeze.ts';
import { anchorLedger, createIntegrity, type IntegrityState } from '../lifecycle/health/integrity.ts';
import { createReconcile } from '../lifecycle/health/reconcile.ts';
import { createSweep } from '../lifecycle/people/sweepPeople.ts';
import { expireRequest } from '../lifecycle/request/closeRequest.ts';
import { startRequest } from '../lifecycle/request/startRequest.ts';
import { escalateRequest } from '../lifecycle/review/escalateRequest.ts';
import { note, page, pagerDutyJobs, resolvePage } from '../lifecycle/tellPagerDuty.ts';
import { CURSORS } from '../ports/keys.ts';
import type { EventReader } from '../ports/ledger.ts';
import type { PostBook } from '../ports/posts.ts';
import type { Store } from '../ports/store.ts';
import type { Targets } from '../ports/targets.ts';
import { createHome } from '../slack/features/home/home.ts';
import type { AnswerWindows } from '../slack/kit/answerWindows.ts';
import { createAnswerWindows } from '../slack/outbox/answerWindows.ts';
import { createAuditAnchors } from '../slack/outbox/auditAnchors.ts';
import { createDelivery } from '../slack/outbox/delivery.ts';
import { createDigest } from '../slack/outbox/digest.ts';
import { createIdentityBook } from '../slack/outbox/identity.ts';
import { messageJobs } from '../slack/outbox/messageJobs.ts';
import { projections } from '../slack/outbox/projections.ts';
import { createHeartbeat } from './heartbeat.ts';
import { type Handlers, LOOK_CONCURRENCY, lanesOf, TARGET_CONCURRENCY } from './lanes.ts';
import { createLedgerCheck } from './ledgerCheck.ts';
import { scopedHandlers } from './logScope.ts';
import { meteredStore } from './meteredStore.ts';
import { weekPictureBeside } from './pictureBeside.ts';
import { recordStart, untilRecorded } from './recordStart.ts';
import type { World } from './world.ts';

/** The flow with its store, due work and messages, wired together: everything except how people reach it. */
export interface Flow {
  readonly deps: Deps;
  readonly posts: PostBook;
  readonly windows: AnswerWindows;
  /** Whether the ledger was checked since the start, with any result. */
  isLedgerChecked(): boolean;
  /** What is wrong with the ledger, or null if no problem was found. */
  ledgerFlaw(): string | null;
  /**
   * Records the start, begins due work at once, and checks the ledger meanwhile. While the start cannot be recorded,
   * only work that ends access runs.
   * @param halt when aborted, stops waiting for the record
   * @returns whether the start was recorded; if not, only `stop` is left to call
   */
  start(halt?: AbortSignal): Promise<boolean>;
  /** Takes no more work, waits for running work, and records the stop if the start was recorded. */
  stop(signal: string): Promise<void>;
}

/** Wires the flow. Nothing runs before `start`. */
export async function createFlow(world: World): Promise<Flow> {
  const { deps, posts, windows, integrity, ledgerCheck, runner, start } = await wire(world);
  const heartbeat = createHeartbeat({ ...deps, posts });
  let isRecorded = false;

  return {
    deps,
    posts,
    windows,
    isLedgerChecked: ledgerCheck.isDone,
    ledgerFlaw: () => integrity.found(),
    start: async (halt) => {
      runner.start();
      isRecorded = await untilRecorded(deps, { record: start.record, meanwhile: runner.workUnrecorded, halt });
      if (!isRecorded) return false;
      // What is overdue comes first, whether or not Slack can be reached, and whatever the ledger looks like.
      start.isRecorded();
      heartbeat.begin();
      await tellOfStranded(deps);
      ledgerCheck.begin();
      return true;
    },
    stop: async (signal) => {
      await heartbeat.stop();
      await runner.stop();
      await ledgerCheck.stop();
      if (isRecorded) await deps.store.commit({ events: [stopped(signal)] });
    },
  };
}

const stopped = (signal: string): NewEvent => ({
  type: 'bot.stopped',
  actor: BOT,
  requestId: null,
  grantId: null,
  payload: { signal },
});

/** Creates all parts of the flow, without starting any. */
async function wire(world: World) {
  const { ledger, clock, log, checkpoints } = world;
  const { events, posts, queue } = ledger;
  const forwarding = createForwarding(world.forwarding, {
    ...{ events, posts, clock, log },
    record: (event) => store.commit({ events: [event] }),
  });
  const plainStore = ledger.createStore({
    clock,
    followUps: (event) => [
      ...messageJobs(event),
      ...pagerDutyJobs(event, world.incidents),
      ...forwarding.jobs(event.at),
      ...canaryJobs(event),
    ],
    onDue: (jobs) => runner.poke(new Set(jobs.map(({ kind }) => kind))),
  });
  const store = world.meter ? meteredStore(plainStore, world.meter, log) : plainStore;
  const isExpected = (await posts.cursor(CURSORS.audit)) > 0;
  const integrity = await createIntegrity({ store, events, log, isExpected });
  const deps = depsOf(world, { store, integrity });
  const ledgerCheck = createLedgerCheck({ ledger, deps, events, integrity, checkpoints });
  const windows = createAnswerWindows({ ...deps, client: world.client, policy: () => deps.policy });
  const handlers = handlersOf(world, { deps, events, posts, windows, integrity, forwarding });
  const { promise: started, resolve: isRecorded } = Promise.withResolvers<void>();
  const lanes = lanesOf(scopedHandlers(handlers, { store, events }), {
    started,
    checked: ledgerCheck.done,
    compared: integrity.compared,
  });
  const runner = createRunner({ queue, clock, log, lanes, random: world.random });
  const record = async () => {
    await queue.releaseAll();
    await recordStart(world, { store, events });
  };
  return { deps, posts, windows, integrity, ledgerCheck, runner, start: { record, isRecorded } };
}

function depsOf(world: World, { store, integrity }: { store: Store; integrity: Integrity }): Deps {
  const { clock, directory, onCall, engine } = world;
  const targets = limitTargets(world.targets);
  const { activity } = world.ledger;
  let inForce = world.policy;
  return {
    get policy() {
      return inForce;
    },
    policyFile: {
      read: world.readPolicy,
      use: async (next) => {
        const adopt = await targets.prepare(next);
        adopt();
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
    drain: world.ledger.drain,
    targets,
    clock,
    newId: world.newId,
    log: world.log,
    grantLock: keyedLock(),
    limitLock: keyedLock(),
    humanLock: keyedLock(),
    policyLock: keyedLock(),
    takenBack: new Set(),
  };
}

interface Parts {
  readonly deps: Deps;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly windows: AnswerWindows;
  readonly integrity: IntegrityState;
  readonly forwarding: Forwarding;
}

/** The handler of each kind of due work. */
function handlersOf(world: World, parts: Parts): Handlers {
  const { deps, events, forwarding } = parts;
  const { store, clock, incidents } = deps;
  const { checkpoints } = world;
  const tell = { incidents, store, events, clock };
  const messages = messagesOf(world, parts);
  const unrecorded: UnrecordedTies = new Map();
  return {
    end: (key, attempt) => endGrant(deps, key, attempt),
    freeze: (key) => endFrozen(deps, key),
    expire: (key) => expireRequest(deps, key),
    provision: async (key, attempt) => {
      await provisionGrant(deps, key, attempt);
      return null;
    },
    extend: (key, attempt) => extendGrant(deps, key, attempt),
    start: (key) => startRequest(deps, key),
    watch: (key) => watchGrant(deps, key, unrecorded),
    sweep: createSweep(deps),
    escalate: (key) => escalateRequest(deps, key),
    chase_use_review: (key) => chaseUseReview(deps, key),
    access_review: (key) => chaseAccessReview(deps, key),
    stamp: (key) => stampGrants(deps, key),
    drift: createDriftRound(deps),
    reconcile: createReconcile(deps),
    canary: (_key, attempt) => tendCanary(deps, attempt),
    checkpoint: async () => (checkpoints ? anchorLedger({ store, events }, checkpoints, clock.now()) : null),
    page: (seq) => page(tell, seq),
    resolve_page: (seq) => resolvePage(tell, seq),
    note: (seq) => note(tell, seq),
    forward: forwarding.handle,
    ...messages,
  };
}

/** The handlers that write to Slack. */
function messagesOf(
  { client, ledger }: World,
  { deps, events, posts, windows, integrity }: Parts,
): Pick<Handlers, 'card' | 'notify' | 'remind' | 'review_cards' | 'audit' | 'digest'> {
  const { store, targets, directory, onCall, clock, log } = deps;
  const identity = createIdentityBook({ client, store, events, log });
  const inForce = () => deps.policy;
  const environment = () => inForce().environment;
  const delivery = createDelivery({ client, posts, clock, identity, log, environment });
  const anchors = createAuditAnchors({
    auditChannel: () => inForce().auditChannel,
    store,
    events,
    posts,
    delivery,
    identity,
    log,
    onChannelRead: (view) => integrity.compare(view),
  });
  const messages = projections({
    policy: inForce,
    store,
    targets,
    directory,
    onCall,
    events,
    posts,
    delivery,
    clock,
    windows,
    refreshHome: createHome(deps, client, posts).refresh,
    anchors,
  });
  const { figures } = ledger;
  return {
    card: messages.card,
    notify: messages.notify,
    remind: messages.remind,
    review_cards: messages.reviewCards,
    audit: messages.audit,
    digest: createDigest({ policy: inForce, store, delivery, client, clock, log, figures, picture: weekPictureBeside }),
  };
}

/** Limits calls to targets. Grants and revokes have separate limits, so that a grant never delays a revoke. */
export function limitTargets<T extends Pick<Targets, 'grant' | 'revoke' | 'isActive'>>(targets: T): T {
  const giving = createLimit(TARGET_CONCURRENCY);
  const taking = createLimit(TARGET_CONCURRENCY);
  const looking = createLimit(LOOK_CONCURRENCY);
  return {
    ...targets,
    grant: (grant, expiresAt) => giving(() => targets.grant(grant, expiresAt)),
    revoke: (grant) => taking(() => targets.revoke(grant)),
    isActive: (grant) => looking(() => targets.isActive(grant)),
  };
}
