/** The people behind the principals and shifts of a policy, when somebody has to be asked. */

import { namedAtPagerDuty, pagerDutyAddress } from '../../domain/accounts.ts';
import type { Named, Person } from '../../domain/person.ts';
import { isGroup, type Principal } from '../../domain/policy.ts';
import { type Known, unknown } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';

/** Limit of people looked up for one question; a larger group is asked by its name anyway. */
const MOST_PEOPLE = 20;

export interface Candidates {
  readonly people: readonly Person[];
  /** People who have certainly left, and why. */
  readonly gone: readonly (Named & { why: string })[];
  /** Why others may be missing, one text per failure. Empty if the list is complete. */
  readonly unseen: readonly string[];
}

/**
 * The people behind principals. A failed lookup does not stop the others.
 * @param enough stops looking up people after this many
 */
export async function peopleNamed(
  { directory }: Deps,
  principals: readonly Principal[],
  enough = MOST_PEOPLE,
): Promise<Candidates> {
  const groups = await directory.members(principals.filter(isGroup), 'decision');
  const ids = new Set(principals.filter((id) => !isGroup(id)));
  const unseen: string[] = [];
  for (const members of groups.values()) {
    if (!members.known) unseen.push(members.problem);
    else for (const id of members.value) ids.add(id);
  }
  const people: Person[] = [];
  const gone: (Named & { why: string })[] = [];
  for (const id of [...ids].slice(0, MOST_PEOPLE)) {
    if (people.length >= enough) break;
    const person = await directory.person(id);
    if (person.known) people.push(person.value);
    // A missing answer from Slack does not mean that somebody has left.
    else if ((await directory.hasLeft(id)).known) gone.push({ slackId: id, name: id, why: person.problem });
    else unseen.push(person.problem);
  }
  return { people, gone, unseen: [...new Set(unseen)] };
}

/** The Slack users who are on call now for an escalation policy at a level. */
export async function peopleOnCall(deps: Deps, escalationPolicy: string, level: number): Promise<Candidates> {
  const onCall = await deps.onCall.onCallFor(escalationPolicy, level);
  if (!onCall.known) {
    deps.log.warn({ escalationPolicy, level, problem: onCall.problem }, 'cannot tell who is on call');
    return { people: [], gone: [], unseen: [`who is on call could not be looked up: ${onCall.problem}`] };
  }
  const { addresses, unread } = onCall.value;
  const found = await Promise.all(addresses.flatMap((address) => atSlack(deps, address)));
  const missing = found.flatMap((person) => (person.known ? [] : [person.problem]));
  const unseen = [...new Set([...(unread === null ? [] : [unread]), ...missing])];
  if (unseen.length > 0)
    deps.log.warn({ escalationPolicy, level, problems: unseen }, 'not everybody who is on call is found at Slack');
  return { people: found.flatMap((person) => (person.known ? [person.value] : [])), gone: [], unseen };
}

/** The person whom the policy maps to a PagerDuty address, or else the Slack user with that address. */
function atSlack({ directory, policy }: Deps, address: string): Promise<Known<Person>>[] {
  const ids = namedAtPagerDuty(address, policy.identities);
  if (ids.length > 0) return ids.map((id) => directory.person(id));
  const found = directory.personByEmail(address).then((person) => {
    if (!person.known) return unknown(`${address} is on call and was not found: ${person.problem}`);
    // The policy may map them to another PagerDuty user.
    const theirs = pagerDutyAddress(person.value, policy);
    return theirs.known && theirs.value === address
      ? person
      : unknown(`${address} is on call, and whoever has that address at Slack is called otherwise at PagerDuty`);
  });
  return [found];
}
