/** Somebody as the Slack workspace knows them, checked to be an active, internal, human member. */
export interface Person {
  readonly slackId: string;
  readonly name: string;
  /** Lower case, as compared everywhere. */
  readonly email: string;
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

type Identity = Pick<Person, 'slackId' | 'email'>;

/**
 * The same human under any identity either is known by: one Slack account, one mailbox, or accounts that the
 * policy says belong together.
 */
export function isSamePerson(a: Identity, b: Identity, accounts: readonly (readonly string[])[]): boolean {
  return (
    a.slackId === b.slackId ||
    mailbox(a.email) === mailbox(b.email) ||
    accounts.some((ids) => ids.includes(a.slackId) && ids.includes(b.slackId))
  );
}

/** The other accounts that the policy says are the same human's, in order. */
export function accountsBeside(slackId: string, accounts: readonly (readonly string[])[]): string[] {
  const found = new Set([slackId]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const ids of accounts) if (ids.some((id) => found.has(id))) for (const id of ids) found.add(id);
  }
  found.delete(slackId);
  return [...found].sort();
}

/** `Ana+admin@x` is read by whoever reads `ana@x` (subaddressing, RFC 5233). */
export const mailbox = (email: string): string => email.toLowerCase().replace(/\+[^@]*@/, '@');
