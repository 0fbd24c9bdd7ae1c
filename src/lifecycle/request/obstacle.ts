import { accountFor, foreignAddress, isSameAccount, usesEmailName, type Whose } from '../../domain/accounts.ts';
import { isCanary } from '../../domain/canary.ts';
import { isSamePerson, type Person } from '../../domain/person.ts';
import { type Known, known } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';

/** Slack did not say whether the canary is nobody. It may in a moment, so that it is asked again. */
export class UnansweredError extends Error {}

type World = Pick<Deps, 'targets' | 'policy' | 'store' | 'directory'>;

/**
 * What stops a person from getting access on a resource, whatever the policy decides: their account name there is
 * unknown, or somebody else has the same one.
 * @returns null if nothing is known to
 * @throws UnansweredError for the canary
 */
export async function obstacleFor(deps: World, resourceId: string, person: Person): Promise<string | null> {
  if (isCanary(person)) {
    const problem = await ownerOfCanary(deps, person);
    if (problem !== null) return problem;
  }
  const unnamed = deps.targets.obstacle(resourceId, person);
  if (unnamed !== null) return unnamed;
  const template = deps.targets.accountTemplate?.(resourceId) ?? null;
  if (template === null) return null;
  const { identities, emailDomains = [], samePerson } = deps.policy;
  const foreign = foreignAddress(template, person, emailDomains);
  if (foreign !== null) return `${foreign}; add a name for ${person.slackId} under identities and use that`;
  const own = accountFor(template, person, identities);
  if (!own.known) return own.problem;

  for (const place of placesLike(deps, resourceId)) {
    const others = await whoElse(deps, place);
    if (!others.known) return others.problem;
    const other = others.value.find(
      (one) =>
        !isSamePerson(one, person, samePerson) &&
        foreignAddress(place.template, one, emailDomains) === null &&
        isCalled(accountFor(place.template, one, identities), own.value),
    );
    if (other)
      return `${own.value} is what ${nameOf(other)} is called there, too, and two people never share an account. Whoever looks after the policy can say who is meant, with email_domains or identities, or that both are one human, with same_person`;
  }
  return null;
}

/** Nobody must get access by the canary: its address is that of no account, be it a guest’s or a bot’s. @throws UnansweredError */
async function ownerOfCanary({ directory }: World, { email }: Person): Promise<string | null> {
  const owner = await directory.mailboxOwner(email);
  if (!owner.known)
    throw new UnansweredError(`it is not known whether somebody has the canary’s address: ${owner.problem}`);
  if (owner.value === null) return null;
  return `the canary’s address is that of ${owner.value.name} (${owner.value.slackId}), and nobody gets access by it`;
}

const isCalled = (account: Known<string>, name: string): boolean => account.known && isSameAccount(account.value, name);

const nameOf = ({ slackId, name }: Whose): string => (name === slackId ? slackId : `${name} (${slackId})`);

interface Place {
  readonly resourceId: string;
  readonly template: string;
}

/** The resource and others on the same target, each with its own way to name people. */
function placesLike({ targets, policy }: World, resourceId: string): Place[] {
  const here = targets.placeOf(resourceId);
  return [...policy.resources.keys()].flatMap((id) => {
    const isHere = id === resourceId || (here !== null && targets.placeOf(id) === here);
    const template = isHere ? (targets.accountTemplate?.(id) ?? null) : null;
    return template === null ? [] : [{ resourceId: id, template }];
  });
}

/** Everybody else who had access there or could get it: from the ledger, the policy and, if needed, Slack. */
async function whoElse(
  { store, policy, directory }: World,
  { resourceId, template }: Place,
): Promise<Known<readonly Whose[]>> {
  const before = (await store.peopleAt(resourceId)).map(({ slackId, mailbox }) => ({
    slackId,
    name: slackId,
    email: mailbox,
  }));
  const listed = /\{(?:email|email_lower|email_name)\}/.test(template)
    ? []
    : [...policy.identities.keys()].map((slackId) => ({ slackId, name: slackId, email: '' }));
  // Within one domain an address belongs to one person, and so does its part before the @.
  if (!usesEmailName(template) || policy.emailDomains?.length === 1) return known([...before, ...listed]);
  const members = await directory.everybody();
  return members.known ? known([...members.value, ...before]) : members;
}
