import type { App, ReceiverEvent } from '@slack/bolt';
import { z } from 'zod';
import type { SlackDirectory } from './directory/directory.ts';
import { listenToAccessReviews } from './features/accessReview/listeners.ts';
import { listenToAdmins } from './features/admin/listeners.ts';
import { listenToAbsences } from './features/away/listeners.ts';
import { listenToCommands } from './features/commands/commands.ts';
import { listenToFactors } from './features/factor/listeners.ts';
import { listenToGrants } from './features/grants/listeners.ts';
import { listenToHome } from './features/home/home.ts';
import { listenToRequests } from './features/request/listeners.ts';
import { listenToShortcuts } from './features/request/shortcuts.ts';
import { listenToReviews } from './features/review/listeners.ts';
import type { SlackContext } from './kit/context.ts';
import { App as BoltApp } from './link/bolt.ts';
import { answerWithinSlack, fittingFetch } from './link/gate.ts';
import { createSlackLogger } from './link/logger.ts';
import type { Connection } from './link/signedRequests.ts';

export interface SlackAppOptions {
  readonly context: SlackContext;
  readonly directory: SlackDirectory;
  /** Called when a person's account has changed: it may be deactivated, or a guest's now. */
  readonly onChanged: (slackId: string) => Promise<void>;
  readonly connection: Connection;
  readonly botToken: string;
  readonly apiUrl: string;
  /** Runs the work of a delivery, so that log lines say what it is about. */
  readonly scope: <T>(body: unknown, work: () => T) => T;
}

/** The listeners for everything except commands, one folder for each feature. */
const FEATURES = [
  listenToRequests,
  listenToShortcuts,
  listenToReviews,
  listenToGrants,
  listenToHome,
  listenToAdmins,
  listenToAbsences,
  listenToFactors,
  listenToAccessReviews,
];

/** The running listeners. */
export interface SlackApp {
  /** Waits for everything that is being handled, so that everybody who asked gets an answer. */
  drain(): Promise<void>;
}

/** Every listener of the bot, on the one connection. */
export function createSlackApp({
  context,
  directory,
  onChanged,
  connection,
  botToken,
  apiUrl,
  scope,
}: SlackAppOptions): SlackApp {
  const { deps } = context;
  const handling = new Set<Promise<void>>();
  const makeApp = () => {
    const app = new BoltApp({
      receiver: connection.receiver,
      // The bot's identity is looked up at start, so that Bolt need not ask.
      authorize: async () => ({ botToken }),
      clientOptions: {
        slackApiUrl: apiUrl,
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        // Bolt uses this client for response URLs.
        fetch: fittingFetch,
      },
      logger: createSlackLogger(deps.log),
      ignoreSelf: false,
    });
    app.error(async (error) =>
      deps.log.error({ err: error.original ?? error }, 'a Slack delivery could not be handled'),
    );
    return app;
  };
  // Bolt runs every listener of an app for every delivery. Commands have an app of their own, so that they are
  // acknowledged first.
  const commands = makeApp();
  listenToCommands(commands, context);
  const app = makeApp();
  connection.receiver.init({
    processEvent: async (event: ReceiverEvent) => {
      // A delivery may have any shape. What the library throws because of it, at once or later, goes to the receiver.
      const fitting = { ...event, ack: (answer?: unknown) => event.ack(answerWithinSlack(answer)) };
      const take = () => ('command' in event.body ? commands : app).processEvent(fitting);
      const work = Promise.resolve().then(() => scope(event.body, take));
      handling.add(work);
      await work.finally(() => handling.delete(work));
    },
  } as App);
  for (const listen of FEATURES) listen(app, context);
  app.event('subteam_members_changed', async ({ event }) => directory.forgetGroup(event.subteam_id));
  app.event('user_change', async ({ event }) => {
    // Only the person's id is used. Slack is then asked about that person.
    const changed = z.object({ user: z.object({ id: z.string() }) }).safeParse(event).data?.user.id;
    if (changed !== undefined) await onChanged(changed);
  });
  app.event('subteam_updated', async ({ event }) => directory.forgetGroup(event.subteam.id));
  return {
    drain: async () => {
      while (handling.size > 0) await Promise.allSettled(handling);
    },
  };
}
