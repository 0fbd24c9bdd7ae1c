import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy.ts';
import { MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Finding } from '../../ports/targets.ts';
import { createClients, slackProblem } from '../../slack/link/clients.ts';
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
  if (slack.botToken === null)
    notChecked.push('Slack, and the channels, groups and people that the policy names (SLACK_BOT_TOKEN is not set)');
  else {
    const client = clientOf(slack.botToken);
    places.push({ name: 'Slack', ask: () => workspace(client, policy) });
    places.push({ name: 'Clock', ask: () => clockBeside(slack.apiUrl, clock) });
  }
  if (slack.botToken === null)
    notChecked.push("the clock, which is compared with Slack's (SLACK_BOT_TOKEN is not set)");
  if (slack.appToken !== null) {
    const client = clientOf(slack.appToken);
    places.push({ name: 'Slack, Socket Mode', ask: () => socketMode(client) });
  } else
    notChecked.push(
      isSigningSecretSet
        ? 'the signing secret and the addresses at Slack: type /jit, and look whether the bot answers'
        : 'how Slack reaches the bot (neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set)',
    );
  return { places, notChecked };
}

async function workspace(client: WebClient, policy: Policy): Promise<readonly Finding[]> {
  try {
    const { team, response_metadata } = await client.auth.test();
    return [
      { ok: true, what: `the bot token is accepted, for the workspace ${team ?? ''}`.trimEnd() },
      scopes(response_metadata?.scopes),
      await channel(client, policy.auditChannel, 'audit channel'),
      await channel(client, policy.approvalsChannel, 'approvals channel'),
    ];
  } catch (error) {
    return [{ ok: false, what: slackProblem(error), fix: 'Look at SLACK_BOT_TOKEN.' }];
  }
}

/** @param given the scopes of the token, from a header of Slack's answer */
function scopes(given: readonly string[] | undefined): Finding {
  if (given === undefined)
    return {
      ok: false,
      what: 'Slack does not say which scopes the token has',
      fix: 'Try again, or compare them with manifest.yml.',
    };
  const missing = neededScopes().filter((scope) => !given.includes(scope));
  return missing.length === 0
    ? { ok: true, what: 'the token has every scope that the bot needs' }
    : {
        ok: false,
        what: `the token lacks ${missing.join(', ')}`,
        fix: 'api.slack.com/apps → your app → OAuth & Permissions → Bot Token Scopes → add it, then Reinstall to Workspace.',
      };
}

/** Checks that the bot can read a channel of the policy, which it must be able to do to post there. */
async function channel(client: WebClient, id: string, what: string): Promise<Finding> {
  try {
    await client.conversations.history({ channel: id, limit: 1 });
    return { ok: true, what: `the ${what} ${id} is there, and the bot is in it` };
  } catch (error) {
    return { ok: false, what: `the ${what} ${id}: ${slackProblem(error)}` };
  }
}

/** Asks for a Socket Mode address, without connecting to it. */
async function socketMode(client: WebClient): Promise<readonly Finding[]> {
  try {
    await client.apps.connections.open({});
    return [{ ok: true, what: 'the app token may open connections' }];
  } catch (error) {
    return [
      {
        ok: false,
        what: `the app token: ${slackProblem(error)}`,
        fix: 'api.slack.com/apps → your app → Basic Information → App-Level Tokens → one with connections:write → SLACK_APP_TOKEN; and Settings → Socket Mode on.',
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
    if (Number.isNaN(theirs)) return [{ ok: false, what: 'Slack’s answer has no time to compare with' }];
    const ahead = clock.now() - theirs;
    if (Math.abs(ahead) <= MOST_DRIFT) return [{ ok: true, what: 'the clock agrees with Slack’s' }];
    const size =
      Math.abs(ahead) < 2 * MINUTE
        ? `${Math.round(Math.abs(ahead) / SECOND)} s`
        : `${Math.round(Math.abs(ahead) / MINUTE)} min`;
    return [
      {
        ok: false,
        what: `the clock of this machine is ${size} ${ahead > 0 ? 'ahead of' : 'behind'} Slack’s`,
        fix: 'Keep it right with NTP (timedatectl set-ntp true): ends, one-time codes and signatures rest on it.',
      },
    ];
  } catch (error) {
    return [{ ok: false, what: `the clock could not be compared: ${errorText(error)}` }];
  }
}
