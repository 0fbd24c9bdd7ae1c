import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { Log } from '../../ports/host.ts';
import { SocketModeReceiver } from './bolt.ts';
import { isAuthFailure, slackErrorCode, slackProblem } from './clients.ts';
import { isWholeFrame } from './frames.ts';
import { createSlackLogger } from './logger.ts';
import { type Connection, TokenRefused } from './signedRequests.ts';
import { socketProxy } from './socketProxy.ts';

/** Timeout for opening a socket, from asking for its address to Slack's hello, in ms. */
const HELLO_TIMEOUT: Millis = 15 * SECOND;
const LONGEST_PAUSE: Millis = 30 * SECOND;
const CALL_TIMEOUT: Millis = 10 * SECOND;
const DROPPED = 'dropped an envelope that is not whole';

/** The library's receiver, without its own reconnecting, and with a check of each frame. */
function socketReceiver(
  appToken: string,
  { apiUrl, log }: { apiUrl: string; log: Log },
): InstanceType<typeof SocketModeReceiver> {
  const dispatcher = socketProxy(process.env);
  const receiver = new SocketModeReceiver({
    appToken,
    autoReconnectEnabled: false,
    ...(dispatcher && { dispatcher }),
    logger: createSlackLogger(log),
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
  // The library assumes that each frame is complete. One that is not would end the process.
  const read = Reflect.get(client, 'onWebSocketMessage').bind(client) as (...frame: unknown[]) => Promise<void>;
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: unknown) => {
    if (isBinary === true || !isWholeFrame(data)) return log.warn({}, DROPPED);
    read(data, false).catch((error: unknown) => log.warn({ err: error }, DROPPED));
  });
  return receiver;
}

/**
 * Socket Mode. The library's own reconnecting waits seconds after every refresh, and ends the process with an unhandled
 * rejection if Slack refuses the token. So it is off, and this reconnects: at once after a disconnect, with growing
 * pauses after failures, without limit, and logged.
 */
export function socketConnection(appToken: string, options: { apiUrl: string; log: Log }): Connection {
  const { log } = options;
  const receiver = socketReceiver(appToken, options);
  const { client } = receiver;
  const closing = new AbortController();
  const firstTry = Promise.withResolvers<void>();
  let connecting = false;
  let isConnected = false;

  async function connect(): Promise<void> {
    if (connecting) return;
    connecting = true;
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      try {
        await withTimeout(client.start(), HELLO_TIMEOUT);
        isConnected = true;
        log.info({}, failures === 0 ? 'connected to Slack' : 'connected to Slack again');
        firstTry.resolve();
        break;
      } catch (error) {
        const problem = notConnectedBecause(error);
        const say = `not connected to Slack: ${problem}. Nobody can ask for access until it is; access that is due to end is taken back all the same`;
        if (isAuthFailure(error) || failures > 0) log.error({ problem }, say);
        else log.warn({ problem }, say);
        if (isAuthFailure(error)) firstTry.reject(new TokenRefused(problem));
        else firstTry.resolve();
        await pause(Math.min(SECOND * 2 ** failures, LONGEST_PAUSE), closing.signal);
      }
    }
    connecting = false;
  }

  client.on('disconnected', () => {
    isConnected = false;
    if (!closing.signal.aborted) void connect();
  });

  return {
    receiver,
    isConnected: () => isConnected,
    open: () => {
      void connect();
      return firstTry.promise;
    },
    close: async () => {
      closing.abort();
      await withTimeout(client.disconnect(), 2 * SECOND).catch(() =>
        log.warn({}, 'Slack did not close the connection in time'),
      );
    },
  };
}

/** Only the app-level token is used here, and Slack's error does not name it, so this does. */
function notConnectedBecause(error: unknown): string {
  if (isAuthFailure(error))
    return `Slack does not accept SLACK_APP_TOKEN (${slackErrorCode(error)}): take the app-level token, with connections:write, of the app that SLACK_BOT_TOKEN is of`;
  return error === undefined ? 'Slack closed the connection before it said hello' : slackProblem(error);
}

/** Returns early, without an error, when the connection is being closed. */
const pause = (ms: Millis, closing: AbortSignal): Promise<void> =>
  setTimeoutPromise(ms, undefined, { signal: closing }).catch((error: unknown) => {
    if (!closing.aborted) throw error;
  });

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
