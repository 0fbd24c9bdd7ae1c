import type { LiveGrant } from '../../domain/grant.ts';
import { BOT, type Person } from '../../domain/person.ts';
import { MINUTE, type Millis } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { endTogether } from '../grant/endTogether.ts';
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
  /** By Slack id: why somebody's access ends, where not all ends could be recorded. It ends even if the person comes back. */
  const unrecorded = new Map<string, string>();

  return async (who) => {
    const isRound = who === JOB_KEYS.everybody;
    const now = isRound ? await deps.store.livePeople(cursor, PEOPLE_A_MINUTE) : [who];
    let isSaid = true;
    const faults: unknown[] = [];
    for (const slackId of now) {
      const theirs = await deps.store.liveGrants({ slackId });
      const [one] = theirs;
      if (!one) continue;
      try {
        isSaid = await endIfGone(deps, one.value.person, theirs, unrecorded);
      } catch (error) {
        // The others are still looked up. This person is looked up again when the job is retried.
        faults.push(error);
      }
    }
    const isDone = now.length < PEOPLE_A_MINUTE;
    if (isRound) cursor = isDone ? '' : (now.at(-1) ?? '');
    if (faults.length > 0) throw faults[0];
    // The next round looks everybody up again.
    if (!isRound) return isSaid ? null : { notBefore: deps.clock.now() + MINUTE };
    if (isDone) await noteStandings(deps);
    return { notBefore: deps.clock.now() + (isDone ? SWEEP_EVERY : MINUTE) };
  };
}

/** @returns whether Slack answered if they are still there */
async function endIfGone(
  deps: Deps,
  person: Person,
  theirs: readonly Versioned<LiveGrant>[],
  unrecorded: Map<string, string>,
): Promise<boolean> {
  const { gone, isSaid } = await whyGone(deps, person, theirs);
  const problem = unrecorded.get(person.slackId) ?? gone;
  if (problem === null) return isSaid;
  const live = theirs.flatMap(({ value, version }) =>
    value.state === 'active' || value.state === 'provisioning' ? [{ value, version }] : [],
  );
  unrecorded.set(person.slackId, problem);
  await endTogether(deps, live, { why: 'person_left', by: BOT, problem });
  unrecorded.delete(person.slackId);
  return true;
}

async function whyGone(
  deps: Deps,
  person: Person,
  theirs: readonly Versioned<LiveGrant>[],
): Promise<{ gone: string | null; isSaid: boolean }> {
  const left = await deps.directory.hasLeft(person.slackId);
  if (!left.known)
    deps.log.warn(
      { slackId: person.slackId, problem: left.problem },
      'cannot tell whether somebody has left; they keep their access, and Slack is asked again',
    );
  if (left.known && left.value !== null) return { gone: left.value, isSaid: true };
  const asksPagerDuty = theirs.some(({ value }) => value.ties.inPagerDuty);
  return { gone: asksPagerDuty ? await goneAtPagerDuty(deps, person) : null, isSaid: left.known };
}

async function goneAtPagerDuty(deps: Deps, person: Person): Promise<string | null> {
  const inPagerDuty = await deps.onCall.knows(person);
  return inPagerDuty.known && !inPagerDuty.value ? 'PagerDuty has no such user any more' : null;
}
