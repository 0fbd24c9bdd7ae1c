/** Somebody as the Slack workspace knows them, checked to be an active, internal, human member. */
export interface Person {
  readonly slackId: string;
  readonly name: string;
  /** Lower case, as compared everywhere. */
  readonly email: string;
  /** As Slack shows it, where that has capitals: some targets tell them apart. */
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

/** Everything that one human is known by. */
export interface Human {
  /** Accounts at Slack, by id. */
  readonly accounts: readonly string[];
  readonly mailboxes: readonly string[];
  /** Why an account of theirs could not be looked up: they may be somebody besides, whom nobody knows now. Absent: all were. */
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

/** Both as one: what somebody does for somebody else is done by either. */
export const bothHumans = (a: Human, b: Human): Human => ({
  accounts: [...new Set([...a.accounts, ...b.accounts])],
  mailboxes: [...new Set([...a.mailboxes, ...b.mailboxes])],
});

/**
 * The same human under any identity either is known by: one Slack account, one mailbox, or accounts that the
 * policy says belong together. What the mailboxes of those accounts are is not known here: lifecycle/people/humans.ts asks.
 */
export const isSamePerson = (a: Identity, b: Identity, accounts: readonly (readonly string[])[]): boolean =>
  isSameHuman(humanOf([a], accounts), humanOf([b], accounts));

/** The other accounts that the policy says are the same human's, in order. */
export const accountsBeside = (slackId: string, accounts: readonly (readonly string[])[]): string[] =>
  humanOf([{ slackId, email: '' }], accounts)
    .accounts.filter((id) => id !== slackId)
    .sort();

/**
 * `Ana+admin@x` is read by whoever reads `ana@x` (subaddressing, RFC 5233).
 * @returns '' for what is no address, such as one that was erased: it is nobody's mailbox
 */
export const mailboxOf = (email: string): string =>
  email.includes('@') ? email.toLowerCase().replace(/\+[^@]*@/, '@') : '';

/** A person in an event: the id that they are found by, and the name as it was then, which can be erased. */
export type Named = Pick<Person, 'slackId' | 'name'>;

export const named = ({ slackId, name }: Named): Named => ({ slackId, name });
