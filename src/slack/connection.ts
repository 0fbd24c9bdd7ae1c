import { createRequire } from 'node:module';
import type { Receiver, SocketModeReceiver } from '@slack/bolt';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Route } from '../http/server.ts';
import type { Log } from '../ports.ts';
import { isAuthFailure, slackErrorCode, slackProblem } from './clients.ts';
import { isWholeFrame } from './frames.ts';
import { slackLogger } from './logger.ts';
import { httpConnection } from './signedRequests.ts';

const bolt = createRequire(import.meta.url)('@slack/bolt') as typeof import('@slack/bolt');

/** How Slack's deliveries reach Bolt, and how that is kept alive. */
export interface Connection {
  readonly receiver: Receiver;
  /** Begins to take deliveries. Resolves when listening; Socket Mode goes on connecting for ever. */
  open(): Promise<void>;
  close(): Promise<void>;
  /** HTTP mode: what is to be done with requests at SLACK_PATH. */
  readonly route?: Route;
}

/** Where Slack sends its requests in HTTP mode, on the bot's port. */
export const SLACK_PATH = '/slack/events';

export type Transport = { mode: 'socket'; appToken: string } | { mode: 'http'; signingSecret: string };

export function createConnection(transport: Transport, options: { apiUrl: string; log: Log }): Connection {
  return transport.mode === 'socket'
    ? socketConnection(transport.appToken, options)
    : httpConnection(transport.signingSecret, options.log);
}

/** How long opening a socket may take, from asking for its address to Slack's hello. */
const HELLO_TIMEOUT: Millis = 15 * SECOND;
const LONGEST_PAUSE: Millis = 30 * SECOND;
const CALL_TIMEOUT: Millis = 10 * SECOND;
const DROPPED = 'dropped an envelope that is not whole';

/**
 * Socket Mode. The library's own reconnecting waits seconds after every refresh, and ends the process with
 * an unhandled rejection when Slack refuses the token; so it is switched off and done here: at once after
 * a disconnect, with growing pauses after failures, for ever, and said in the log.
 */
function socketConnection(appToken: string, { apiUrl, log }: { apiUrl: string; log: Log }): Connection {
  const receiver: SocketModeReceiver = new bolt.SocketModeReceiver({
    appToken,
    autoReconnectEnabled: false,
    logger: slackLogger(log),
    installerOptions: {
      clientOptions: {
        slackApiUrl: apiUrl,
        retryConfig: { retries: 0 },
        timeout: CALL_TIMEOUT,
        rejectRateLimitedCalls: true,
      },
    },
  });
  const { client } = receiver;
  // The library takes every frame for one that is whole: one that is not would end the process.
  const read = Reflect.get(client, 'onWebSocketMessage').bind(client) as (...frame: unknown[]) => Promise<void>;
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: unknown) => {
    if (isBinary === true || !isWholeFrame(data)) return log.warn({}, DROPPED);
    read(data, false).catch((error: unknown) => log.warn({ err: error }, DROPPED));
  });
  let closing = false;
  let connecting = false;
  let pause: { end: () => void } | null = null;

  async function connect(): Promise<void> {
    if (connecting) return;
    connecting = true;
    for (let failures = 0; !closing; failures += 1) {
      try {
        await withTimeout(client.start(), HELLO_TIMEOUT);
        log.info({}, failures === 0 ? 'connected to Slack' : 'connected to Slack again');
        break;
      } catch (error) {
        const said = error === undefined ? 'Slack closed the connection before it said hello' : slackProblem(error);
        // Only the app-level token is used here; Slack's own words do not say which it does not take.
        const problem = isAuthFailure(error)
          ? `Slack does not accept SLACK_APP_TOKEN (${slackErrorCode(error)}): take the app-level token, with connections:write, of the app that SLACK_BOT_TOKEN is of`
          : said;
        const say = `not connected to Slack: ${problem}. Nobody can ask for access until it is; access that is due to end is taken back all the same`;
        if (isAuthFailure(error) || failures > 0) log.error({ problem }, say);
        else log.warn({ problem }, say);
        await waitBeforeRetry(Math.min(SECOND * 2 ** failures, LONGEST_PAUSE));
      }
    }
    connecting = false;
  }

  function waitBeforeRetry(ms: Millis): Promise<void> {
    if (closing) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      pause = {
        end: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
  }

  client.on('disconnected', () => {
    if (!closing) void connect();
  });

  return {
    receiver,
    open: async () => void connect(),
    close: async () => {
      closing = true;
      pause?.end();
      await withTimeout(client.disconnect(), 2 * SECOND).catch(() =>
        log.warn({}, 'Slack did not close the connection in time'),
      );
    },
  };
}

async function withTimeout<T>(work: Promise<T>, ms: Millis): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / SECOND} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
