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
import { DOCTOR } from '../wording/terminal/results.ts';

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
    for (const { name, findings } of results)
      process.stdout.write(strike(`${name}\n${findings.map(DOCTOR.finding).join('')}`));
    const unchecked = [...named.notChecked, ...services.notChecked];
    process.stdout.write(unchecked.map((what) => `${DOCTOR.notChecked(what)}\n`).join(''));
    const wrong = results.flatMap(({ findings }) => findings.filter(({ ok }) => !ok)).length;
    process.stdout.write(`${DOCTOR.verdict(wrong, unchecked.length)}\n`);
    return wrong === 0 ? 0 : 1;
  } finally {
    await targets.close();
  }
}

const resourcesOf = (policy: Policy, targets: ConnectedTargets): Place[] =>
  [...policy.resources.values()].map((resource: Resource) => ({
    name: `${resource.id} (${resource.kind})`,
    ask: () => targets.check(resource).catch((error: unknown) => [{ ok: false, what: errorText(error) }]),
  }));

/** Checks that people, groups and the ids of PagerDuty exist. */
function namesIn(policy: Policy): Checks {
  const { SLACK_BOT_TOKEN, PAGERDUTY_TOKEN } = process.env;
  if (SLACK_BOT_TOKEN && PAGERDUTY_TOKEN)
    return { places: [{ name: DOCTOR.names, ask: () => names(policy) }], notChecked: [] };
  return {
    places: [],
    // If neither is set, Slack and PagerDuty are already reported as not checked.
    notChecked: SLACK_BOT_TOKEN || PAGERDUTY_TOKEN ? [DOCTOR.namesNotChecked] : [],
  };
}

/** A single finding if all exist. */
async function names(policy: Policy): Promise<readonly Finding[]> {
  const { onlineFindings } = await import('./policy/online.ts');
  const found = await onlineFindings(policy);
  return found.length === 0
    ? [{ ok: true, what: DOCTOR.allNamesThere }]
    : found.map(({ message, advice }) => ({ ok: false, what: message, fix: advice }));
}

/** The doctor grants nothing, so there are no seats to keep. */
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

/** The doctor grants nothing, so there are no ids to keep. */
const NO_IDS: IdBook = {
  keep: async () => {
    throw new Error('the doctor changes nothing');
  },
  of: async () => new Map(),
};
