import { readFileSync } from 'node:fs';
import { ConfigError, type Env } from './config/env.ts';
import type { LedgerEvent, NewEvent } from './domain/events.ts';
import { BOT } from './domain/person.ts';
import type { Policy } from './domain/policy.ts';
import { MINUTE, SECOND } from './domain/terms.ts';
import { newId } from './ids.ts';
import { createRunner, type Lane } from './jobs/runner.ts';
import { eventReader } from './ledger/events.ts';
import { createJobQueue } from './ledger/jobQueue.ts';
import { openLedger } from './ledger/open.ts';
import { createPostBook } from './ledger/posts.ts';
import { createStore } from './ledger/store.ts';
import { expireRequest } from './lifecycle/closeRequest.ts';
import type { Deps } from './lifecycle/deps.ts';
import { endGrant } from './lifecycle/endGrant.ts';
import { evidenceSource } from './lifecycle/evidenceSource.ts';
import { keyedLock } from './lifecycle/keyedLock.ts';
import { provisionGrant } from './lifecycle/provisionGrant.ts';
import { createPagerDuty } from './pagerduty/client.ts';
import { createOnCall } from './pagerduty/onCall.ts';
import type { Clock, Log } from './ports.ts';
import { connectTargets } from './provisioners/targets.ts';
import { createSlackApp, type SlackApp } from './slack/app.ts';
import { createClients, isAuthFailure, slackProblem } from './slack/clients.ts';
import { createConnection } from './slack/connection.ts';
import { createDelivery } from './slack/delivery.ts';
import { createDirectory } from './slack/people.ts';
import { messageJobs, projections } from './slack/projections.ts';

/** Targets that are worked on at the same time, and Slack messages that are sent at the same time. */
const ACCESS_CONCURRENCY = 16;
const MESSAGE_CONCURRENCY = 4;
/** A message that Slack has refused this often is given up: about an hour and a half of trying. */
const MESSAGE_ATTEMPTS = 24;

export interface Bot {
  stop(signal: string): Promise<void>;
}

export interface BotOptions {
  readonly env: Env;
  readonly policy: Policy;
  readonly log: Log;
  /** Made with the time of the newest event in the ledger, before which it must not start. */
  readonly clock: (notBefore: number) => Clock;
}

/** Wires every adapter to the flow and starts it: due work first, then Slack. */
export async function startBot({ env, policy, log, clock: makeClock }: BotOptions): Promise<Bot> {
  const ledger = openLedger(env.databasePath);
  const events = eventReader(ledger);
  const clock = makeClock(events.newest()?.at ?? 0);
  const queue = createJobQueue(ledger);
  queue.releaseAll();
  const posts = createPostBook(ledger);
  const store = createStore(ledger, {
    clock,
    followUps: messageJobs,
    onDue: (jobs) => queueMicrotask(() => runner.poke([...new Set(jobs.map(({ kind }) => kind))])),
  });

  const { interactive, background } = createClients({ token: env.slack.botToken, apiUrl: env.slack.apiUrl, log });
  const directory = createDirectory(interactive, { clock, log });
  const onCall = createOnCall(createPagerDuty({ ...env.pagerDuty, clock, log }), clock);
  const targets = connectTargets(policy, { log, clock });
  const deps: Deps = {
    policy,
    store,
    directory,
    evidence: evidenceSource(onCall, directory, clock),
    targets,
    clock,
    newId,
    log,
    grantLock: keyedLock(),
  };

  const delivery = createDelivery({ client: background, posts, clock });
  const messages = projections({ policy, store, targets, events, posts, delivery, clock });
  const retried = { maxAttempts: Number.POSITIVE_INFINITY };
  const lanes: Lane[] = [
    {
      concurrency: ACCESS_CONCURRENCY,
      kinds: {
        end: { handle: (key, attempt) => endGrant(deps, key, attempt), maxBackoff: MINUTE, ...retried },
        provision: {
          handle: async (key, attempt) => {
            await provisionGrant(deps, key, attempt);
            return null;
          },
          maxBackoff: 5 * SECOND,
          ...retried,
        },
        expire: { handle: (key) => expireRequest(deps, key), maxBackoff: MINUTE, ...retried },
      },
    },
    {
      concurrency: MESSAGE_CONCURRENCY,
      kinds: {
        card: { handle: messages.card, maxBackoff: 5 * MINUTE, maxAttempts: MESSAGE_ATTEMPTS },
        notify: { handle: messages.notify, maxBackoff: 5 * MINUTE, maxAttempts: MESSAGE_ATTEMPTS },
      },
    },
    { concurrency: 1, kinds: { audit: { handle: messages.audit, maxBackoff: MINUTE, ...retried } } },
  ];
  const runner = createRunner({ queue, clock, log, lanes, random: Math.random });

  await warnAboutOrphans(deps);
  await store.commit({ events: startEvents(policy, events.newest()) });
  // What is overdue comes first, whether or not Slack can be reached.
  runner.start();

  const connection = createConnection(env.slack.transport, { apiUrl: env.slack.apiUrl, log });
  let slackApp: SlackApp | null = null;
  const stopEverything = async (signal: string) => {
    await connection.close();
    await slackApp?.drain();
    await runner.stop();
    await store.commit({
      events: [{ type: 'bot.stopped', actor: BOT, requestId: null, grantId: null, payload: { signal } }],
    });
    await targets.close();
    ledger.close();
  };
  try {
    await checkToken();
    slackApp = createSlackApp({
      deps,
      onCall,
      directory,
      client: interactive,
      connection,
      botToken: env.slack.botToken,
      apiUrl: env.slack.apiUrl,
    });
    await connection.open();
  } catch (error) {
    await stopEverything('failed start');
    throw error;
  }
  void checkPagerDuty();
  log.info({ resources: policy.resources.size, policy: policy.hash.slice(0, 16) }, 'ready');
  return { stop: stopEverything };

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

function startEvents(policy: Policy, newest: LedgerEvent | null): NewEvent[] {
  const roles = [...policy.resources.values()].reduce((sum, resource) => sum + resource.roles.size, 0);
  const about = { actor: BOT, requestId: null, grantId: null } as const;
  const started: NewEvent = { ...about, type: 'bot.started', payload: { version: VERSION, after: newest?.seq ?? 0 } };
  return [
    started,
    { ...about, type: 'policy.loaded', payload: { hash: policy.hash, resources: policy.resources.size, roles } },
  ];
}

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
