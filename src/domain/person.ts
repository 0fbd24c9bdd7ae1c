/** A person as Slack knows them, checked to be an active, internal, human member. */
export interface Person {
  readonly slackId: string;
  readonly name: string;
  /** Lower case, as compared everywhere. */
  readonly email: string;
  /** As Slack shows it, if it has capitals: some targets are case-sensitive. */
  readonly writtenEmail?: string | undefined;
  /** IANA name, for example `Europe/Berlin`. */
  readonly timeZone: string;
}

/** Who caused an event. */
export type Actor = { readonly kind: 'person'; readonly id: string; readonly name: string } | { readonly kind: 'bot' };

export const BOT: Actor = { kind: 'bot' };

export const personActor = (person: Person): Actor => ({
  kind: 'person',
  id: person.slackId,
  name: person.name,
});

export type Identity = Pick<Person, 'slackId' | 'email'>;

/** All known identities of one human. */
export interface Human {
  /** Accounts at Slack, by id. */
  readonly accounts: readonly string[];
  readonly mailboxes: readonly string[];
  /** Why an account could not be looked up: they may have an identity that is unknown now. Absent if all were looked up. */
  readonly unseen?: string;
}

/**
 * The human behind some identities, with every account that the policy lists together with one of theirs.
 * @param accounts `same_person` in the policy: lists that share an account are one list
 */
export function humanOf(identities: readonly Identity[], accounts: readonly (readonly string[])[]): Human {
  const theirs = new Set(identities.map(({ slackId }) => slackId));
  for (let before = 0; before < theirs.size; ) {
    before = theirs.size;
    for (const ids of accounts) if (ids.some((id) => theirs.has(id))) for (const id of ids) theirs.add(id);
  }
  const mailboxes = identities.map(({ email }) => mailboxOf(email)).filter((mailbox) => mailbox !== '');
  return { accounts: [...theirs], mailboxes: [...new Set(mailboxes)] };
}

/** One account or one mailbox in common is enough. */
export const isSameHuman = (a: Human, b: Human): boolean =>
  a.accounts.some((id) => b.accounts.includes(id)) || a.mailboxes.some((mailbox) => b.mailboxes.includes(mailbox));

/** Both as one human: what a stand-in does counts for either. */
export const bothHumans = (a: Human, b: Human): Human => ({
  accounts: [...new Set([...a.accounts, ...b.accounts])],
  mailboxes: [...new Set([...a.mailboxes, ...b.mailboxes])],
});

/**
 * The same human under any identity either is known by: one Slack account, one mailbox, or accounts that the
 * policy lists together. The mailboxes of those accounts are unknown here: lifecycle/people/humans.ts asks for them.
 */
export const isSamePerson = (a: Identity, b: Identity, accounts: readonly (readonly string[])[]): boolean =>
  isSameHuman(humanOf([a], accounts), humanOf([b], accounts));

/** The same human's other accounts by the policy, in order. */
export const accountsBeside = (slackId: string, accounts: readonly (readonly string[])[]): string[] =>
  humanOf([{ slackId, email: '' }], accounts)
    .accounts.filter((id) => id !== slackId)
    .sort();

/**
 * `Ana+admin@x` is the same mailbox as `ana@x` (subaddressing, RFC 5233).
 * @returns '' if it is no address, such as an erased one: it is nobody's mailbox
 */
export const mailboxOf = (email: string): string =>
  email.includes('@') ? email.toLowerCase().replace(/\+[^@]*@/, '@') : '';

/** A person in an event: their id, and their name at that time, which can be erased. */
export type Named = Pick<Person, 'slackId' | 'name'>;

export const named = ({ slackId, name }: Named): Named => ({ slackId, name });
