import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy.ts';
import { MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { causeText } from '../../domain/text.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Finding } from '../../ports/targets.ts';
import { createClients, slackErrorCode, slackProblem } from '../../slack/link/clients.ts';
import { CLOCK, NOT_CHECKED, SLACK } from '../../wording/terminal/doctor.ts';
import { neededScopes } from '../manifest.ts';
import type { Credentials } from './credentials.ts';
import type { Checks, Place } from './place.ts';

/**
 * One-time codes are valid for half a minute, and shifts begin on the second: a clock that is off by more breaks both.
 */
const MOST_DRIFT: Millis = 30 * SECOND;
const DEADLINE: Millis = 10 * SECOND;

interface Parts {
  readonly credentials: Credentials;
  readonly policy: Policy;
  readonly log: Log;
  readonly clock: Pick<Clock, 'now'>;
}

/** Checks that Slack accepts the tokens, that the app has its scopes, and that the bot is in its channels. */
export function slackChecks({ credentials, policy, log, clock }: Parts): Checks {
  const { slack, isSigningSecretSet } = credentials;
  const clientOf = (token: string) => createClients({ token, apiUrl: slack.apiUrl, log }).interactive;
  const places: Place[] = [];
  const notChecked: string[] = [];
  if (slack.botToken === null) notChecked.push(NOT_CHECKED.slack);
  else {
    const client = clientOf(slack.botToken);
    places.push({ name: 'Slack', ask: () => workspace(client, policy) });
    places.push({ name: 'Clock', ask: () => clockBeside(slack.apiUrl, clock) });
  }
  if (slack.botToken === null) notChecked.push(NOT_CHECKED.clock);
  if (slack.appToken !== null) {
    const client = clientOf(slack.appToken);
    places.push({ name: SLACK.socketMode, ask: () => socketMode(client) });
  } else notChecked.push(isSigningSecretSet ? NOT_CHECKED.signingSecret : NOT_CHECKED.transport);
  return { places, notChecked };
}

async function workspace(client: WebClient, policy: Policy): Promise<readonly Finding[]> {
  try {
    const { team, response_metadata } = await client.auth.test();
    return [
      { ok: true, what: SLACK.accepted(team ?? '') },
      scopes(response_metadata?.scopes),
      await channel(client, policy.auditChannel, SLACK.channels.audit),
      await channel(client, policy.approvalsChannel, SLACK.channels.approvals),
    ];
  } catch (error) {
    return [
      { ok: false, what: slackProblem(error), fix: slackErrorCode(error) === null ? SLACK.reach : SLACK.checkToken },
    ];
  }
}

/** @param given the scopes of the token, from a header of Slack's answer */
function scopes(given: readonly string[] | undefined): Finding {
  if (given === undefined)
    return {
      ok: false,
      what: SLACK.scopesUnknown,
      fix: SLACK.compareScopes,
    };
  const missing = neededScopes().filter((scope) => !given.includes(scope));
  return missing.length === 0
    ? { ok: true, what: SLACK.scopesComplete }
    : {
        ok: false,
        what: SLACK.scopesMissing(missing),
        fix: SLACK.addScopes,
      };
}

/** Checks that the bot can read a channel of the policy, which it must be able to do to post there. */
async function channel(client: WebClient, id: string, what: string): Promise<Finding> {
  try {
    await client.conversations.history({ channel: id, limit: 1 });
    return { ok: true, what: SLACK.inChannel(what, id) };
  } catch (error) {
    return { ok: false, what: SLACK.channelProblem(what, id, slackProblem(error)) };
  }
}

/** Asks for a Socket Mode address, without connecting to it. */
async function socketMode(client: WebClient): Promise<readonly Finding[]> {
  try {
    await client.apps.connections.open({});
    return [{ ok: true, what: SLACK.appToken }];
  } catch (error) {
    return [
      {
        ok: false,
        what: SLACK.appTokenProblem(slackProblem(error)),
        fix: slackErrorCode(error) === null ? SLACK.reach : SLACK.makeAppToken,
      },
    ];
  }
}

/** The time in the Date header of an answer, which has a resolution of one second. */
async function clockBeside(apiUrl: string, clock: Pick<Clock, 'now'>): Promise<readonly Finding[]> {
  try {
    const response = await fetch(`${apiUrl}api.test`, { method: 'POST', signal: AbortSignal.timeout(DEADLINE) });
    await response.body?.cancel();
    const theirs = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return [{ ok: false, what: CLOCK.unknown }];
    const ahead = clock.now() - theirs;
    if (Math.abs(ahead) <= MOST_DRIFT) return [{ ok: true, what: CLOCK.right }];
    const size =
      Math.abs(ahead) < 2 * MINUTE
        ? `${Math.round(Math.abs(ahead) / SECOND)} s`
        : `${Math.round(Math.abs(ahead) / MINUTE)} min`;
    return [
      {
        ok: false,
        what: CLOCK.wrong(size, ahead > 0),
        fix: CLOCK.setIt,
      },
    ];
  } catch (error) {
    return [{ ok: false, what: CLOCK.notCompared(causeText(error)) }];
  }
}
