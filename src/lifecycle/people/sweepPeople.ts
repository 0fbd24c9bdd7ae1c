import type { LiveGrant } from '../../domain/grant.ts';
import { BOT, type Person } from '../../domain/person.ts';
import { MINUTE, type Millis } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { beginEnding } from '../grant/endGrant.ts';
import { noteStandings } from '../grant/takingAway.ts';

/** How often everybody with live access is looked up. Slack also reports deactivated people by itself. */
const SWEEP_EVERY: Millis = 15 * MINUTE;
/** Slack allows about a hundred lookups a minute, and other questions need some of them. */
const PEOPLE_A_MINUTE = 40;

/**
 * People who are deactivated at Slack or at PagerDuty lose their access. Only a clear answer counts: a service
 * that is down ends nothing.
 */
export function createSweep(deps: Deps): JobHandler {
  /** The last Slack id of the current round. */
  let cursor = '';

  return async (who) => {
    const isRound = who === JOB_KEYS.everybody;
    const now = isRound ? await deps.store.livePeople(cursor, PEOPLE_A_MINUTE) : [who];
    let isSaid = true;
    for (const slackId of now) {
      const theirs = await deps.store.liveGrants({ slackId });
      const [one] = theirs;
      if (one) isSaid = await endIfGone(deps, one.value.person, theirs);
    }
    // The next round looks everybody up again.
    if (!isRound) return isSaid ? null : { notBefore: deps.clock.now() + MINUTE };
    const isDone = now.length < PEOPLE_A_MINUTE;
    if (isDone) await noteStandings(deps);
    cursor = isDone ? '' : (now.at(-1) ?? '');
    return { notBefore: deps.clock.now() + (isDone ? SWEEP_EVERY : MINUTE) };
  };
}

/** @returns whether Slack answered if they are still there */
async function endIfGone(deps: Deps, person: Person, theirs: readonly Versioned<LiveGrant>[]): Promise<boolean> {
  const left = await deps.directory.hasLeft(person.slackId);
  if (!left.known)
    deps.log.warn(
      { slackId: person.slackId, problem: left.problem },
      'cannot tell whether somebody is still there; they keep what they hold, and Slack is asked again',
    );
  const asksPagerDuty = theirs.some(({ value }) => value.ties.inPagerDuty);
  const gone =
    left.known && left.value !== null ? left.value : asksPagerDuty ? await goneAtPagerDuty(deps, person) : null;
  if (gone === null) return left.known;
  for (const { value, version } of theirs) {
    if (value.state !== 'active' && value.state !== 'provisioning') continue;
    await beginEnding(deps, { value, version }, { why: 'person_left', by: BOT, problem: gone });
  }
  return true;
}

async function goneAtPagerDuty(deps: Deps, person: Person): Promise<string | null> {
  const inPagerDuty = await deps.onCall.knows(person);
  return inPagerDuty.known && !inPagerDuty.value ? 'PagerDuty has no such user any more' : null;
}
