/** Which accounts are one human: limits, reviews and access are counted per human. */

import { type Human, humanOf, type Identity, isSameHuman } from '../../domain/person.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Directory } from '../../ports/people.ts';
import { type Change, ConflictError, type Store } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';

interface Sources {
  readonly directory: Pick<Directory, 'person' | 'hasLeft'>;
  readonly policy: Pick<Policy, 'samePerson'>;
}

/**
 * The human behind some identities, with every account that the policy lists with them and the current
 * mailboxes of those accounts. Sharing an account or a mailbox means being the same human.
 * @param identities the current one, and the one at the time of the act in question
 */
export async function humanBehind({ directory, policy }: Sources, ...identities: readonly Identity[]): Promise<Human> {
  const { accounts } = humanOf(identities, policy.samePerson);
  const others = accounts.filter((id) => !identities.some(({ slackId }) => slackId === id));
  const found = await Promise.all(others.map((id) => directory.person(id)));
  const people = found.flatMap((person) => (person.known ? [person.value] : []));
  const unknown = others.filter((_, index) => !found[index]?.known);
  // Accounts that have left Slack do not count. A missing answer proves nothing.
  const left = await Promise.all(unknown.map((id) => directory.hasLeft(id)));
  const silent = left.findIndex(({ known }) => !known);
  return {
    ...humanOf([...identities, ...people], policy.samePerson),
    ...(silent >= 0 && { unseen: `another account of the same person, ${unknown[silent]}, could not be looked up` }),
  };
}

/** The human behind an earlier identity and, if Slack knows the account, its current one. */
export async function humanSince(sources: Sources, then: Identity): Promise<Human> {
  const now = await sources.directory.person(then.slackId);
  return humanBehind(sources, then, ...(now.known ? [now.value] : []));
}

/**
 * Whether an account is somebody's own, by policy and ledger alone, without asking Slack. Good enough for giving
 * access back, and for nothing else.
 */
export async function isTheirAccount(
  { policy, store }: Pick<Deps, 'policy' | 'store'>,
  person: Identity,
  slackId: string,
): Promise<boolean> {
  const human = humanOf([person], policy.samePerson);
  return human.accounts.includes(slackId) || (await store.accountsOf(human)).includes(slackId);
}

/** The number of different humans behind these identities. */
export async function countHumans(sources: Sources, identities: readonly Identity[]): Promise<number> {
  const humans: Human[] = [];
  for (const identity of identities) {
    const human = await humanBehind(sources, identity);
    if (!humans.some((other) => isSameHuman(other, human))) humans.push(human);
  }
  return humans.length;
}

/**
 * Commits a change that begins access or asks for it. Simultaneous requests by two accounts of a human get it once: the
 * database ensures that per account, and this for all of them.
 * @throws ConflictError if another account was faster: the caller decides again, and then refuses
 */
export function commitForHuman(
  { store, humanLock }: Pick<Deps, 'store' | 'humanLock'>,
  human: Human,
  change: Change,
): Promise<unknown> {
  const keys = [...human.accounts, ...human.mailboxes].sort();
  const commit = async () => {
    await checkStillFree(store, human, change);
    return store.commit(change);
  };
  return keys.reduceRight<() => Promise<unknown>>((work, key) => () => humanLock(key, work), commit)();
}

async function checkStillFree(store: Store, human: Human, { grants = [], requests = [] }: Change): Promise<void> {
  for (const { value, version } of grants)
    if (version === 0 && (await store.liveGrantOf(human, value.role)))
      throw new ConflictError(`another account of the same person holds ${value.role} by now`);
  for (const { value, version } of requests)
    if (version === 0 && value.state === 'pending' && (await store.pendingRequestOf(human, value.role)))
      throw new ConflictError(`another account of the same person asks for ${value.role} by now`);
}
