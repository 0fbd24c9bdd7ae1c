import { createRequire } from 'node:module';
import type { WebClient } from '@slack/web-api';
import type { Deps } from '../lifecycle/deps.ts';
import type { OnCall } from '../ports.ts';
import type { Connection } from './connection.ts';
import { listenToGrants } from './grants/listeners.ts';
import { slackLogger } from './logger.ts';
import type { SlackDirectory } from './people.ts';
import { listenToRequests } from './request/listeners.ts';
import { listenToReviews } from './review/listeners.ts';

const bolt = createRequire(import.meta.url)('@slack/bolt') as typeof import('@slack/bolt');

export interface SlackAppOptions {
  readonly deps: Deps;
  readonly onCall: OnCall;
  readonly directory: SlackDirectory;
  readonly client: WebClient;
  readonly connection: Connection;
  readonly botToken: string;
  readonly apiUrl: string;
}

/** The bot's listeners at work. */
export interface SlackApp {
  /** Waits for everything that is being handled: whoever asked gets an answer. */
  drain(): Promise<void>;
}

/** Every listener of the bot on one Bolt app. */
export function createSlackApp({
  deps,
  onCall,
  directory,
  client,
  connection,
  botToken,
  apiUrl,
}: SlackAppOptions): SlackApp {
  const app = new bolt.App({
    receiver: connection.receiver,
    // Who we are was asked once at start; Bolt need not ask again.
    authorize: async () => ({ botToken }),
    clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true },
    logger: slackLogger(deps.log),
    ignoreSelf: false,
  });
  app.error(async (error) => deps.log.error({ err: error.original ?? error }, 'a Slack delivery could not be handled'));
  const handling = new Set<Promise<void>>();
  app.use(async ({ next }) => {
    const work = next();
    handling.add(work);
    await work.finally(() => handling.delete(work));
  });
  listenToRequests(app, { deps, client, onCall });
  listenToReviews(app, { deps, client });
  listenToGrants(app, { deps, client });
  app.event('subteam_members_changed', async ({ event }) => directory.forgetGroup(event.subteam_id));
  app.event('subteam_updated', async ({ event }) => directory.forgetGroup(event.subteam.id));
  return {
    drain: async () => {
      while (handling.size > 0) await Promise.allSettled(handling);
    },
  };
}
