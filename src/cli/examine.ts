import { credentialsIn } from '../app/checks/credentials.ts';
import type { Checks, Place } from '../app/checks/place.ts';
import { serviceChecks } from '../app/checks/services.ts';
import { systemClock } from '../app/clock.ts';
import { createLog } from '../app/log.ts';
import type { LoadedPolicy } from '../config/policyFile.ts';
import { secretsNamed } from '../config/secrets.ts';
import type { Policy, Resource } from '../domain/policy.ts';
import { createStriker } from '../domain/secrets.ts';
import { errorText } from '../domain/text.ts';
import type { Finding, IdBook, SeatBook } from '../ports/targets.ts';
import { type ConnectedTargets, connectTargets } from '../provisioners/targets.ts';

/** Asks everything that a policy names, and says what it finds. @returns 1: something is to look at */
export async function examine({ policy, secrets }: Pick<LoadedPolicy, 'policy' | 'secrets'>): Promise<number> {
  const known = [...secrets, ...secretsNamed(process.env)];
  const strike = createStriker(known);
  const log = createLog('fatal', known);
  const clock = systemClock(0);
  const targets = connectTargets(policy, { log, clock, seats: NO_SEATS, ids: NO_IDS });
  try {
    const services = serviceChecks({ credentials: credentialsIn(process.env), policy, log, clock });
    const named = namesIn(policy);
    const places = [...resourcesOf(policy, targets), ...services.places, ...named.places];
    const results = await Promise.all(places.map(async ({ name, ask }) => ({ name, findings: await ask() })));
    for (const { name, findings } of results) process.stdout.write(strike(`${name}\n${findings.map(line).join('')}`));
    const unchecked = [...named.notChecked, ...services.notChecked];
    process.stdout.write(unchecked.map((what) => `not checked: ${what}\n`).join(''));
    const wrong = results.flatMap(({ findings }) => findings.filter(({ ok }) => !ok)).length;
    process.stdout.write(`${verdict(wrong, unchecked.length)}\n`);
    return wrong === 0 ? 0 : 1;
  } finally {
    await targets.close();
  }
}

function verdict(wrong: number, unchecked: number): string {
  if (wrong > 0) return `${wrong} to look at.`;
  return unchecked > 0 ? 'What was checked is in order.' : 'Everything is in order.';
}

const resourcesOf = (policy: Policy, targets: ConnectedTargets): Place[] =>
  [...policy.resources.values()].map((resource: Resource) => ({
    name: `${resource.id} (${resource.kind})`,
    ask: () => targets.check(resource).catch((error: unknown) => [{ ok: false, what: errorText(error) }]),
  }));

/** Whether people, groups and what PagerDuty has are there. */
function namesIn(policy: Policy): Checks {
  const { SLACK_BOT_TOKEN, PAGERDUTY_TOKEN } = process.env;
  if (SLACK_BOT_TOKEN && PAGERDUTY_TOKEN)
    return { places: [{ name: 'Names in the policy', ask: () => names(policy) }], notChecked: [] };
  return {
    places: [],
    // Where neither is set, Slack and PagerDuty as a whole are said to be not checked.
    notChecked:
      SLACK_BOT_TOKEN || PAGERDUTY_TOKEN
        ? ['whether the names in the policy are there (that needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN)']
        : [],
  };
}

/** One finding where all are there. */
async function names(policy: Policy): Promise<readonly Finding[]> {
  const { onlineFindings } = await import('./policy/online.ts');
  const found = await onlineFindings(policy);
  return found.length === 0
    ? [{ ok: true, what: 'every name in it is there' }]
    : found.map(({ message, advice }) => ({ ok: false, what: message, fix: advice }));
}

const line = ({ ok, what, fix }: Finding): string =>
  `  ${ok ? '✓' : '✗'} ${what}\n${ok || fix === undefined ? '' : `      ${fix}\n`}`;

/** Nothing is given here, so nobody gets a seat. */
const NO_SEATS: SeatBook = {
  at: async () => [],
  of: async () => [],
  keep: async () => {
    throw new Error('the doctor changes nothing');
  },
  drop: async () => {
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
