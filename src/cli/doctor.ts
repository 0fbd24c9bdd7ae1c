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
        const places = [...resourcesOf(policy, targets), ...services(log)];
        const results = await Promise.all(places.map(async ({ name, ask }) => ({ name, findings: await ask() })));
        for (const { name, findings } of results)
          process.stdout.write(strike(`${name}\n${findings.map(line).join('')}`));
        const wrong = results.flatMap(({ findings }) => findings.filter(({ ok }) => !ok)).length;
        process.stdout.write(wrong === 0 ? 'Everything is in order.\n' : `${wrong} to look at.\n`);
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

/** Slack and PagerDuty, where their credentials are at hand. */
function services(log: Log): Place[] {
  const { SLACK_BOT_TOKEN, PAGERDUTY_TOKEN } = process.env;
  const places: Place[] = [];
  if (SLACK_BOT_TOKEN) {
    const apiUrl = process.env.SLACK_API_URL ?? 'https://slack.com/api/';
    const { interactive } = createClients({ token: SLACK_BOT_TOKEN, apiUrl, log });
    places.push({
      name: 'Slack',
      ask: () =>
        interactive.auth.test().then(
          ({ team }) => [{ ok: true, what: `the bot token is accepted, for the workspace ${team ?? ''}`.trimEnd() }],
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
