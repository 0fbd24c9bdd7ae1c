import { BOT, type Person } from '../domain/person.ts';
import { MINUTE, type Millis } from '../domain/terms.ts';
import type { Deps } from './deps.ts';
import { beginEnding } from './endGrant.ts';

/** How often everybody who holds something is looked up. Slack also tells of deactivated people by itself. */
const SWEEP_EVERY: Millis = 15 * MINUTE;

/** Job key of the look at everybody. */
export const EVERYBODY = 'everybody';

/**
 * Whoever is deactivated at Slack or at PagerDuty loses what they hold. Only a clear answer counts: a service
 * that is down takes nothing away.
 * @param who a Slack id, or everybody who holds something
 */
export async function sweepPeople(deps: Deps, who: string): Promise<{ notBefore: number } | null> {
  const live = await deps.store.liveGrants(who === EVERYBODY ? {} : { slackId: who });
  const holders = new Map(live.map(({ value }) => [value.person.slackId, value.person]));
  for (const person of holders.values()) {
    const theirs = live.filter(({ value }) => value.person.slackId === person.slackId);
    const gone = await goneBecause(
      deps,
      person,
      theirs.some(({ value }) => value.ties.inPagerDuty),
    );
    if (!gone) continue;
    for (const { value, version } of theirs) {
      if (value.state !== 'active' && value.state !== 'provisioning') continue;
      await beginEnding(deps, { value, version }, { why: 'person_left', by: BOT, problem: gone });
    }
  }
  return who === EVERYBODY ? { notBefore: deps.clock.now() + SWEEP_EVERY } : null;
}

async function goneBecause(deps: Deps, person: Person, askPagerDuty: boolean): Promise<string | null> {
  if (await deps.directory.hasLeft(person.slackId)) return 'the Slack account was deactivated';
  if (!askPagerDuty) return null;
  const inPagerDuty = await deps.onCall.knows(person);
  return inPagerDuty.known && !inPagerDuty.value ? 'PagerDuty has no such user any more' : null;
}
