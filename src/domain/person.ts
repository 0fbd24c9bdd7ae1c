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

/** The same human under any identity either is known by: one Slack account, or one e-mail address. */
export function isSamePerson(a: Pick<Person, 'slackId' | 'email'>, b: Pick<Person, 'slackId' | 'email'>): boolean {
  return a.slackId === b.slackId || a.email.toLowerCase() === b.email.toLowerCase();
}
