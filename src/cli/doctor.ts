import type { WebClient } from '@slack/web-api';
import { systemClock } from '../clock.ts';
import { ConfigError, secretsNamed } from '../config/env.ts';
import { loadPolicy } from '../config/policyFile.ts';
import type { Policy, Resource } from '../domain/policy.ts';
import { striker } from '../domain/secrets.ts';
import { errorText } from '../domain/text.ts';
import { createLog } from '../log.ts';
import { createPagerDuty } from '../pagerduty/client.ts';
import { createOnCall } from '../pagerduty/onCall.ts';
import type { Finding, IdBook, Log, SeatBook } from '../ports.ts';
import { lackingPackages } from '../provisioners/packages.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
import { type ConnectedTargets, connectTargets } from '../provisioners/targets.ts';
import { createClients, slackProblem } from '../slack/clients.ts';
import type { Command } from './jit.ts';
import { complain, policyPath, readOptions } from './options.ts';
import { onlineFindings } from './policy/online.ts';

const usage = [
  'jit doctor [POLICY]                                whether targets, Slack and PagerDuty answer, and every right is there; changes nothing',
];

/** `jit doctor`: asks everything that the policy file names, with the credentials that the bot would use. */
export const doctor: Command = {
  usage,
  run: (args) =>
    complain('jit doctor', usage, async () => {
      const { files } = readOptions(args, {});
      const path = policyPath(files);
      const { policy, secrets } = loadPolicy(path, PROVISIONERS, process.env);
      const missing = lackingPackages(policy);
      if (missing !== null) throw new ConfigError(missing);
      const known = [...secrets, ...secretsNamed(process.env)];
      const strike = striker(known);
      const log = createLog('fatal', known);
      const targets = connectTargets(policy, { log, clock: systemClock(0), seats: NO_SEATS, ids: NO_IDS });
      try {
        const places = [...resourcesOf(policy, targets), ...services(policy, log)];
        const results = await Promise.all(places.map(async ({ name, ask }) => ({ name, findings: await ask() })));
        for (const { name, findings } of results)
          process.stdout.write(strike(`${name}\n${findings.map(line).join('')}`));
        const unchecked = notChecked();
        process.stdout.write(unchecked.map((what) => `not checked: ${what}\n`).join(''));
        const wrong = results.flatMap(({ findings }) => findings.filter(({ ok }) => !ok)).length;
        process.stdout.write(
          wrong > 0
            ? `${wrong} to look at.\n`
            : unchecked.length > 0
              ? 'What was checked is in order.\n'
              : 'Everything is in order.\n',
        );
        return wrong === 0 ? 0 : 1;
      } finally {
        await targets.close();
      }
    }),
};

interface Place {
  readonly name: string;
  readonly ask: () => Promise<readonly Finding[]>;
}

const resourcesOf = (policy: Policy, targets: ConnectedTargets): Place[] =>
  [...policy.resources.values()].map((resource: Resource) => ({
    name: `${resource.id} (${resource.kind})`,
    ask: () => targets.check(resource).catch((error: unknown) => [{ ok: false, what: errorText(error) }]),
  }));

/** What nothing was asked about, because a credential is not at hand. */
function notChecked(): string[] {
  const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, PAGERDUTY_TOKEN } = process.env;
  return [
    ...(!SLACK_BOT_TOKEN === !PAGERDUTY_TOKEN
      ? []
      : ['whether the names in the policy are there (that needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN)']),
    ...(SLACK_BOT_TOKEN
      ? []
      : ['Slack, and the channels, groups and people that the policy names (SLACK_BOT_TOKEN is not set)']),
    ...(SLACK_APP_TOKEN || SLACK_SIGNING_SECRET
      ? []
      : ['how Slack reaches the bot (neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set)']),
    ...(PAGERDUTY_TOKEN
      ? []
      : [
          'PagerDuty, and the escalation policies, schedules and services that the policy names (PAGERDUTY_TOKEN is not set)',
        ]),
  ];
}

/** Whether the bot reads a channel that the policy names, as it must to say anything there. */
async function channel(client: WebClient, id: string, what: string): Promise<Finding> {
  try {
    await client.conversations.history({ channel: id, limit: 1 });
    return { ok: true, what: `the ${what} ${id} is there, and the bot is in it` };
  } catch (error) {
    return { ok: false, what: `the ${what} ${id}: ${slackProblem(error)}` };
  }
}

/** Whether people, groups and what PagerDuty has are there; one finding where all are. */
async function names(policy: Policy): Promise<readonly Finding[]> {
  const found = await onlineFindings(policy);
  return found.length === 0
    ? [{ ok: true, what: 'every name in it is there' }]
    : found.map(({ message, advice }) => ({ ok: false, what: message, fix: advice }));
}

/** Slack and PagerDuty, where their credentials are at hand. */
function services(policy: Policy, log: Log): Place[] {
  const { SLACK_BOT_TOKEN, PAGERDUTY_TOKEN } = process.env;
  const places: Place[] = [];
  if (SLACK_BOT_TOKEN) {
    const apiUrl = process.env.SLACK_API_URL ?? 'https://slack.com/api/';
    const { interactive } = createClients({ token: SLACK_BOT_TOKEN, apiUrl, log });
    places.push({
      name: 'Slack',
      ask: () =>
        interactive.auth.test().then(
          async ({ team }) => [
            { ok: true, what: `the bot token is accepted, for the workspace ${team ?? ''}`.trimEnd() },
            await channel(interactive, policy.auditChannel, 'audit channel'),
            await channel(interactive, policy.approvalsChannel, 'approvals channel'),
          ],
          (error: unknown) => [{ ok: false, what: slackProblem(error), fix: 'Look at SLACK_BOT_TOKEN.' }],
        ),
    });
  }
  if (PAGERDUTY_TOKEN) {
    const apiUrl = (process.env.PAGERDUTY_API_URL ?? 'https://api.pagerduty.com').replace(/\/+$/, '');
    const clock = systemClock(0);
    const onCall = createOnCall(createPagerDuty({ token: PAGERDUTY_TOKEN, apiUrl, clock, log }), clock);
    places.push({
      name: 'PagerDuty',
      ask: async () => {
        const answer = await onCall.check();
        return [
          answer.known ? { ok: true, what: 'the key may read who is on call' } : { ok: false, what: answer.problem },
        ];
      },
    });
  }
  if (SLACK_BOT_TOKEN && PAGERDUTY_TOKEN) places.push({ name: 'Names in the policy', ask: () => names(policy) });
  return places;
}

const line = ({ ok, what, fix }: Finding): string =>
  `  ${ok ? '✓' : '✗'} ${what}\n${ok || fix === undefined ? '' : `      ${fix}\n`}`;

/** Nothing is given here, so nobody gets a seat. */
const NO_SEATS: SeatBook = {
  at: () => [],
  of: () => [],
  keep: () => {
    throw new Error('the doctor changes nothing');
  },
  drop: () => {
    throw new Error('the doctor changes nothing');
  },
};

/** Nothing is given here, so there is nothing to write down. */
const NO_IDS: IdBook = {
  keep: async () => {
    throw new Error('the doctor changes nothing');
  },
  of: async () => new Map(),
};
