import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createCodeBox } from './codes/codeBox.ts';
import { ConfigError, type Env } from './config/env.ts';
import type { LedgerEvent, NewEvent } from './domain/events.ts';
import { BOT } from './domain/person.ts';
import type { Policy } from './domain/policy.ts';
import { HOUR, MINUTE, SECOND } from './domain/terms.ts';
import { createForwarding } from './forwarding/forwarding.ts';
import { createHttpServer, type Route } from './httpServer.ts';
import { newId } from './ids.ts';
import { createRunner, type Lane } from './jobs/runner.ts';
import { activityReader } from './ledger/activity.ts';
import { openCheckpoints } from './ledger/checkpointBook.ts';
import { eventReader } from './ledger/events.ts';
import { figuresGently } from './ledger/figures.ts';
import { createJobQueue } from './ledger/jobQueue.ts';
import { openLedger, openLedgerToRead } from './ledger/open.ts';
import { createPostBook } from './ledger/posts.ts';
import { eventSearch } from './ledger/search.ts';
import { createStore } from './ledger/store.ts';
import { verifyGently } from './ledger/verify.ts';
import { chaseAccessReview } from './lifecycle/accessReview.ts';
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
import { provisionGrant } from './lifecycle/provisionGrant.ts';
import { keepPolicyText, policyLoaded, reloadPolicy } from './lifecycle/reloadPolicy.ts';
import { startRequest } from './lifecycle/startRequest.ts';
import { createSweep, EVERYBODY } from './lifecycle/sweepPeople.ts';
import { note, page, pagerDutyJobs } from './lifecycle/tellPagerDuty.ts';
import { watchGrant } from './lifecycle/watchGrant.ts';
import { createPolicyEngine } from './opa/engine.ts';
import { createPagerDuty } from './pagerduty/client.ts';
import { createIncidentDesk } from './pagerduty/incidentDesk.ts';
import { createOnCall } from './pagerduty/onCall.ts';
import { PAGERDUTY_PATH, pagerDutyWebhook } from './pagerduty/webhook.ts';
import type { Clock, Log, PolicyFile } from './ports.ts';
import { connectTargets } from './provisioners/targets.ts';
import { createSlackApp, type SlackApp } from './slack/app.ts';
import { createDigest } from './slack/audit/digest.ts';
import { createClients, isAuthFailure, slackProblem } from './slack/clients.ts';
import { createConnection, SLACK_PATH } from './slack/connection.ts';
import { createDelivery } from './slack/delivery.ts';
import { createHome } from './slack/home/home.ts';
import { createDirectory } from './slack/people.ts';
import { messageJobs, projections } from './slack/projections.ts';

/** Targets that are worked on at the same time, and Slack messages that are sent at the same time. */
const ACCESS_CONCURRENCY = 16;
const MESSAGE_CONCURRENCY = 4;
/** Questions to PagerDuty and Slack that nobody waits for. */
const CHECK_CONCURRENCY = 4;
/** A message that Slack has refused this often is given up: about an hour and a half of trying. */
const MESSAGE_ATTEMPTS = 24;

export interface Bot {
  /** Puts the policy file in force as it is now; what keeps it from being is in the log. */
  reloadPolicy(): Promise<void>;
  stop(signal: string): Promise<void>;
}

export interface BotOptions {
  readonly env: Env;
  readonly policy: Policy;
  /** The policy file, for when it is read again. */
  readonly readPolicy: PolicyFile['read'];
  readonly log: Log;
  /** Made with the time of the newest event in the ledger, before which it must not start. */
  readonly clock: (notBefore: number) => Clock;
}

/** Wires every adapter to the flow and starts it: due work first, then Slack. */
export async function startBot({ env, policy, readPolicy, log, clock: makeClock }: BotOptions): Promise<Bot> {
  const problem = lacking(env, policy);
  if (problem !== null) throw new ConfigError(problem);
  let inForce = policy;
  const checkpoints = env.checkpoints ? openCheckpoints({ ...env.checkpoints, now: Date.now }) : null;
  const ledger = openLedger(env.databasePath);
  const events = eventReader(ledger);
  const clock = makeClock(events.newest()?.at ?? 0);
  const queue = createJobQueue(ledger);
  queue.releaseAll();
  const posts = createPostBook(ledger);
  const forwarding = createForwarding(env.forwarding, { events, posts, clock });
  const store = createStore(ledger, {
    clock,
    followUps: (event) => [...messageJobs(event), ...pagerDutyJobs(event), ...forwarding.jobs(event.at)],
    onDue: (jobs) => queueMicrotask(() => runner.poke([...new Set(jobs.map(({ kind }) => kind))])),
  });

  const integrity = createIntegrity({ store, events, log });

  const { interactive, background } = createClients({ token: env.slack.botToken, apiUrl: env.slack.apiUrl, log });
  const directory = createDirectory(interactive, { clock, log });
  const pagerDuty = createPagerDuty({ ...env.pagerDuty, clock, log });
  const onCall = createOnCall(pagerDuty, clock);
  const targets = connectTargets(policy, { log, clock });
  const activity = activityReader(ledger);
  const engine = createPolicyEngine({ log, directory: dirname(env.policyPath) });
  const deps: Deps = {
    get policy() {
      return inForce;
    },
    policyFile: {
      read: () => {
        const read = readPolicy();
        const missing = 'policy' in read ? lacking(env, read.policy) : null;
        return missing === null ? read : { problem: missing };
      },
      use: (next) => {
        targets.adopt(next);
        inForce = next;
      },
    },
    store,
    directory,
    activity,
    evidence: evidenceSource({ onCall, directory, store, activity, engine, clock }),
    onCall,
    incidents: createIncidentDesk(pagerDuty, env.pagerDuty.from),
    codes: createCodeBox(env.secretKey),
    integrity,
    targets,
    clock,
    newId,
    log,
    grantLock: keyedLock(),
    limitLock: keyedLock(),
  };

  const delivery = createDelivery({ client: background, posts, clock });
  const home = createHome(deps, background, posts);
  const messages = projections({
    get policy() {
      return inForce;
    },
    store,
    targets,
    events,
    posts,
    delivery,
    clock,
    refreshHome: home.refresh,
    onAnchor: integrity.compare,
  });
  const retried = { maxAttempts: Number.POSITIVE_INFINITY };
  const message = { maxBackoff: 5 * MINUTE, maxAttempts: MESSAGE_ATTEMPTS };
  const figures = async (period: { from: number; to: number }) => {
    const reader = openLedgerToRead(env.databasePath);
    try {
      return await figuresGently(reader, period);
    } finally {
      reader.close();
    }
  };
  const tell = { incidents: deps.incidents, store, events };
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
      after: ledgerChecked.promise,
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
        drift: { handle: createDriftRound(deps), maxBackoff: 5 * MINUTE, ...retried },
        checkpoint: {
          handle: async () => (checkpoints ? anchorLedger({ store, events }, checkpoints, clock.now()) : null),
          maxBackoff: 5 * MINUTE,
          ...retried,
        },
        page: { handle: (seq) => page(tell, seq), ...message },
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
              return inForce;
            },
            store,
            delivery,
            client: background,
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
  const runner = createRunner({ queue, clock, log, lanes, random: Math.random });

  await warnAboutOrphans(deps);
  await store.commit({
    records: await keepPolicyText(store, policy),
    events: startEvents(policy, events.newest()),
    jobs: [
      { kind: 'sweep', key: EVERYBODY, dueAt: clock.now() + MINUTE },
      { kind: 'digest', key: 'weekly', dueAt: clock.now() + MINUTE },
      { kind: 'drift', key: EVERY_RESOURCE, dueAt: clock.now() + MINUTE },
      ...(checkpoints ? [{ kind: 'checkpoint', key: 'ledger', dueAt: clock.now() + MINUTE } as const] : []),
    ],
  });
  // What is overdue comes first, whether or not Slack can be reached, and whatever the ledger looks like.
  runner.start();
  const checking = checkLedger().then(ledgerChecked.resolve, (error: unknown) =>
    log.error({ err: error }, 'the ledger could not be checked; nothing new is granted until it is'),
  );

  const connection = createConnection(env.slack.transport, { apiUrl: env.slack.apiUrl, log });
  let slackApp: SlackApp | null = null;
  const routes = new Map<string, Route>();
  if (connection.handle) routes.set(SLACK_PATH, connection.handle);
  if (env.pagerDuty.webhookSecret !== null)
    routes.set(PAGERDUTY_PATH, pagerDutyWebhook({ secret: env.pagerDuty.webhookSecret, log, onIncident }));
  const server = env.port === null ? null : createHttpServer(env.port, routes, log);
  const stopEverything = async (signal: string) => {
    await Promise.all([connection.close(), server?.close()]);
    await slackApp?.drain();
    await runner.stop();
    await checking;
    await store.commit({
      events: [{ type: 'bot.stopped', actor: BOT, requestId: null, grantId: null, payload: { signal } }],
    });
    await Promise.all([targets.close(), engine.close()]);
    ledger.close();
  };
  try {
    await checkToken();
    slackApp = createSlackApp({
      context: {
        deps,
        client: interactive,
        search: eventSearch(ledger),
        showHome: createHome(deps, interactive, posts).show,
      },
      directory,
      onLeft: (slackId) =>
        store.commit({ jobs: [{ kind: 'sweep', key: slackId, dueAt: clock.now() }] }).then(() => undefined),
      connection,
      botToken: env.slack.botToken,
      apiUrl: env.slack.apiUrl,
    });
    await server?.open();
    await connection.open();
  } catch (error) {
    await stopEverything('failed start');
    throw error;
  }
  void checkPagerDuty();
  log.info({ resources: policy.resources.size, policy: policy.hash.slice(0, 16) }, 'ready');
  return { stop: stopEverything, reloadPolicy: reload };

  /** From the first event to the last, beside the work; and against every position that was kept elsewhere. */
  async function checkLedger(): Promise<void> {
    const kept = checkpoints?.anchors(events.origin()?.ledger ?? '') ?? { anchors: [] };
    if ('problem' in kept) return integrity.settle(kept.problem);
    const reader = openLedgerToRead(env.databasePath);
    try {
      const result = await verifyGently(reader, kept.anchors);
      await integrity.settle(result.whole ? null : result.problem);
    } finally {
      reader.close();
    }
  }

  async function reload(): Promise<void> {
    const result = await reloadPolicy(deps, null);
    if ('refused' in result) return;
    if (result.outcome === 'unreadable')
      log.error({ problem: result.problem }, 'the policy file cannot be put in force; the policy in force stays');
    else log.info(result, 'policy reloaded');
  }

  /** Something happened to an incident: look at once at every grant that was given for it. */
  async function onIncident(incidentId: string): Promise<void> {
    const live = await store.liveGrants({});
    const concerned = live.filter(({ value }) => value.ties.incident?.id === incidentId);
    if (concerned.length === 0) return;
    const dueAt = clock.now();
    await store.commit({ jobs: concerned.map(({ value }) => ({ kind: 'watch', key: value.id, dueAt }) as const) });
  }

  /** Said at the start and not when somebody is paged; but a PagerDuty that is down keeps nobody from reviewing. */
  async function checkPagerDuty(): Promise<void> {
    const answer = await onCall.check();
    if (!answer.known) {
      log.error(
        { problem: answer.problem },
        'PagerDuty does not answer the bot: on-call conditions are not met until it does, and requests go to reviewers. Check PAGERDUTY_TOKEN (a read-only key is enough) and PAGERDUTY_API_URL',
      );
    }
  }

  /** A refused token stops the start, unless there is access to be taken back. */
  async function checkToken(): Promise<void> {
    try {
      await interactive.auth.test();
    } catch (error) {
      const live = await store.liveGrants({});
      if (isAuthFailure(error) && live.length === 0) throw new ConfigError(slackProblem(error), { cause: error });
      log.error(
        { problem: slackProblem(error), liveGrants: live.length },
        'Slack did not accept the bot at start; going on, because access has to end on time',
      );
    }
  }
}

/** Access on a resource that the policy no longer has cannot be taken back: say so at once, not at its end. */
async function warnAboutOrphans({ store, policy, log }: Deps): Promise<void> {
  for (const { value: grant } of await store.liveGrants({})) {
    if (!policy.resources.has(grant.resourceId)) {
      log.error(
        { grantId: grant.id, resource: grant.resourceId, person: grant.person.email },
        'live access on a resource that is not in the policy file any more; put the resource back until it has ended',
      );
    }
  }
}

/** What the environment lacks for what the policy asks; null: nothing. */
function lacking(env: Env, policy: Policy): string | null {
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const wantsCodes = roles.some(({ secondFactor }) => secondFactor.request || secondFactor.review);
  const pages = roles.some(
    ({ breakGlass, rules }) =>
      (breakGlass?.page ?? null) !== null ||
      rules.some((rule) => rule.effect === 'ask' && rule.escalate.some(({ page }) => page !== null)),
  );
  if (wantsCodes && env.secretKey === null)
    return 'JIT_SECRET_KEY: missing, and the policy has roles with second_factor: set it to 64 hexadecimal digits, for example from: openssl rand -hex 32';
  if (pages && env.pagerDuty.from === null)
    return 'PAGERDUTY_FROM: missing, and the policy pages people: set it to the e-mail address of the PagerDuty user in whose name it does, with a key in PAGERDUTY_TOKEN that may write';
  return null;
}

function startEvents(policy: Policy, newest: LedgerEvent | null): NewEvent[] {
  const started: NewEvent = {
    actor: BOT,
    requestId: null,
    grantId: null,
    type: 'bot.started',
    payload: { version: VERSION, after: newest?.seq ?? 0 },
  };
  return [started, policyLoaded(policy, [], BOT)];
}

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
