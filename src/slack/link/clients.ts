import { createRequire } from 'node:module';
import type { WebClient, WebClientOptions } from '@slack/web-api';
import { type Millis, SECOND } from '../../domain/terms.ts';
import { causeText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { type Meter, metered, SILENT_METER } from '../../ports/meter.ts';
import { withinSlack } from './gate.ts';
import { createSlackLogger } from './logger.ts';

const webApi = createRequire(import.meta.url)('@slack/web-api') as typeof import('@slack/web-api');
export const { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } = webApi;

/** The only client of the Web API. Everything that it sends fits Slack's limits. */
class FittingClient extends webApi.WebClient {
  readonly #meter: Meter;

  constructor(token: string, { meter, ...options }: WebClientOptions & { meter: Meter }) {
    super(token, options);
    this.#meter = meter;
  }

  override async apiCall(method: string, options: Record<string, unknown> = {}) {
    try {
      return await metered(this.#meter, { service: 'slack', kind: '', verb: method }, () =>
        super.apiCall(method, withinSlack(options)),
      );
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) this.#meter.heldOff('slack', error.retryAfter * SECOND);
      throw error;
    }
  }
}

const hearing =
  (heard: (date: string | null) => void): typeof fetch =>
  async (to, init) => {
    const answer = await fetch(to, init);
    heard(answer.headers.get('date'));
    return answer;
  };

/** A person is waiting, and a quick "no answer" is better than a long silence. */
const INTERACTIVE_TIMEOUT: Millis = 3 * SECOND;
const BACKGROUND_TIMEOUT: Millis = 10 * SECOND;

/**
 * Two clients for one token. A rate-limited client pauses everything in its queue, so messages that nobody waits for
 * have their own client. Neither retries after a rate limit on its own.
 */
export function createClients(options: {
  token: string;
  apiUrl: string;
  log: Log;
  meter?: Meter;
  heardDate?: (date: string | null) => void;
}): {
  interactive: WebClient;
  background: WebClient;
} {
  const common = {
    slackApiUrl: options.apiUrl,
    rejectRateLimitedCalls: true,
    logger: createSlackLogger(options.log),
    retryConfig: { retries: 0 },
    meter: options.meter ?? SILENT_METER,
    ...(options.heardDate && { fetch: hearing(options.heardDate) }),
  };
  return {
    interactive: new FittingClient(options.token, { ...common, timeout: INTERACTIVE_TIMEOUT }),
    background: new FittingClient(options.token, { ...common, timeout: BACKGROUND_TIMEOUT }),
  };
}

/** Slack's error code, such as `channel_not_found`, or null for other failures. */
export const slackErrorCode = (error: unknown): string | null =>
  error instanceof WebAPIPlatformError ? error.data.error : null;

/** Advice for errors of Slack that an operator can fix. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_auth:
    'Slack does not accept the token; copy SLACK_BOT_TOKEN and SLACK_APP_TOKEN from api.slack.com/apps again',
  not_allowed_token_type:
    'this is another kind of token than is needed here; SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-',
  not_authed: 'Slack got no token; set SLACK_BOT_TOKEN',
  token_revoked: 'the token was revoked; reinstall the app to the workspace and set the new SLACK_BOT_TOKEN',
  token_expired: 'the token has expired; reinstall the app to the workspace and set the new SLACK_BOT_TOKEN',
  account_inactive: 'the app was removed from the workspace; install it again and set the new SLACK_BOT_TOKEN',
  missing_scope: 'the app lacks a scope; compare its scopes with manifest.yml and reinstall it',
  not_in_channel: 'the bot is not in the channel; type "/invite @jit" there',
  channel_not_found:
    'the channel does not exist or the bot cannot see it; check its id in the policy file and invite the bot',
  is_archived: 'the channel is archived; put another one in the policy file',
};

const TOKEN_REFUSALS = [
  'invalid_auth',
  'not_authed',
  'not_allowed_token_type',
  'token_revoked',
  'token_expired',
  'account_inactive',
];

/** Errors of the token itself: nothing works until a person acts. */
export const isAuthFailure = (error: unknown): boolean => TOKEN_REFUSALS.includes(slackErrorCode(error) ?? '');

/** Why a call to Slack failed, in one line, with advice if there is any. */
export function slackProblem(error: unknown): string {
  const code = slackErrorCode(error);
  if (code) return ADVICE[code] ? `${ADVICE[code]} (${code})` : `Slack refused: ${code}`;
  if (error instanceof WebAPIRateLimitedError) return `Slack's rate limit is used up for another ${error.retryAfter} s`;
  return `Slack cannot be reached: ${causeText(error)}`;
}
