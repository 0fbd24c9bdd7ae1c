import type { Person } from './person.ts';
import { type Known, known, unknown } from './terms.ts';

/** What people are called elsewhere, by their Slack id: `identities` in the policy file. */
export type Identities = ReadonlyMap<string, Readonly<Record<string, string>>>;

type Whose = Pick<Person, 'slackId' | 'name' | 'email'>;

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g;
/** What is known of everybody without a table. */
const KNOWN_OF_ALL: Readonly<Record<string, (person: Whose) => string>> = {
  email: ({ email }) => email,
  email_name: ({ email }) => email.split('@')[0] ?? '',
  slack_id: ({ slackId }) => slackId,
};

/** The names in a template that only the table of identities can fill. */
export const namesWanted = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name && !(name in KNOWN_OF_ALL) ? [name] : []));

/** What somebody is called at a target; not known where the table of identities does not say. */
export function accountFor(template: string, person: Whose, identities: Identities): Known<string> {
  const name = namesWanted(template).find((wanted) => !identities.get(person.slackId)?.[wanted]);
  if (name !== undefined)
    return unknown(
      `nobody has said what ${person.name} is called there: add ${name} for ${person.slackId} under identities in the policy file`,
    );
  return known(
    template.replaceAll(
      PLACEHOLDER,
      (_, wanted: string) => KNOWN_OF_ALL[wanted]?.(person) ?? identities.get(person.slackId)?.[wanted] ?? '',
    ),
  );
}
