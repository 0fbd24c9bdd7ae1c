import { ACCOUNT_PROBLEMS } from '../wording/reasons/accounts.ts';
import { isSamePerson, type Person } from './person.ts';
import { type Known, known, unknown } from './terms.ts';

/** People's names in other systems, by Slack id: `identities` in the policy file. */
export type Identities = ReadonlyMap<string, Readonly<Record<string, string>>>;

export type Whose = Pick<Person, 'slackId' | 'name' | 'email'>;

const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g;
/** Placeholders that are filled without the table of identities. */
const KNOWN_OF_ALL: Readonly<Record<string, (person: Whose) => string>> = {
  email: ({ email }) => email,
  email_lower: ({ email }) => email.toLowerCase(),
  email_name: ({ email }) => email.split('@')[0] ?? '',
  slack_id: ({ slackId }) => slackId,
};

/** Whether a template uses the part before the @, which people at different domains may share. */
export const usesEmailName = (template: string): boolean => template.includes('{email_name}');

/** Whether a template depends on the table of identities alone. */
const isByTableOnly = (template: string): boolean => !/\{(?:email|email_lower|email_name|slack_id)\}/.test(template);

/** The names in a template that only the table of identities can fill. */
export const namesWanted = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name && !(name in KNOWN_OF_ALL) ? [name] : []));

/** Somebody's account name at a target; unknown if the table of identities lacks it. */
export function accountFor(template: string, person: Whose, identities: Identities): Known<string> {
  const name = namesWanted(template).find((wanted) => !identities.get(person.slackId)?.[wanted]);
  if (name !== undefined) return unknown(ACCOUNT_PROBLEMS.unnamed(person.name, name, person.slackId));
  return known(
    template.replaceAll(
      PLACEHOLDER,
      (_, wanted: string) => KNOWN_OF_ALL[wanted]?.(person) ?? identities.get(person.slackId)?.[wanted] ?? '',
    ),
  );
}

/**
 * Why the account name must not be derived from this person's address: its domain is not one of `domains`.
 * @returns null if it may be, or if the template does not use the part before the @
 */
export function foreignAddress(template: string, { name, email }: Whose, domains: readonly string[]): string | null {
  const domain = email.split('@')[1]?.toLowerCase() ?? '';
  if (!usesEmailName(template) || domains.length === 0 || domains.includes(domain)) return null;
  return ACCOUNT_PROBLEMS.foreign(name, domain, domains.join(', '));
}

/** Whether a target may treat two account names as the same. Yes if in doubt: nobody gets what may be somebody else's account. */
export const isSameAccount = (a: string, b: string): boolean => folded(a) === folded(b);

function folded(account: string): string {
  // A public key is its kind and its value; the rest of the line is a comment.
  const key = /^((?:ssh-|ecdsa-|sk-)\S+)\s+(\S+)/.exec(account.trim());
  return key ? `${key[1]} ${key[2]}` : account.normalize('NFKC').trim().toLowerCase();
}

/** Finds two people to whom the table of identities alone gives the same account. @returns null if there are none */
export function sharedInTable(
  template: string,
  identities: Identities,
  samePerson: readonly (readonly string[])[],
): { readonly ids: readonly [string, string]; readonly account: string } | null {
  if (!isByTableOnly(template)) return null;
  const called = [...identities.keys()].flatMap((slackId) => {
    const account = accountFor(template, { slackId, name: slackId, email: '' }, identities);
    return account.known ? [{ slackId, account: account.value }] : [];
  });
  for (const [index, one] of called.entries())
    for (const other of called.slice(0, index))
      if (
        isSameAccount(one.account, other.account) &&
        !isSamePerson({ ...one, email: '' }, { ...other, email: '' }, samePerson)
      )
        return { ids: [other.slackId, one.slackId], account: one.account };
  return null;
}

/** The key of `identities` that holds somebody's e-mail address at PagerDuty. */
const PAGERDUTY = 'pagerduty';

interface Names {
  readonly identities: Identities;
  readonly samePerson: readonly (readonly string[])[];
}

/** Slack ids of the people who have this PagerDuty address in `identities`. */
export const namedAtPagerDuty = (address: string, identities: Identities): string[] =>
  [...identities].flatMap(([slackId, names]) =>
    names[PAGERDUTY]?.toLowerCase() === address.toLowerCase() ? [slackId] : [],
  );

/**
 * Somebody's e-mail address at PagerDuty, in lower case: from `identities`, or else from Slack. Unknown
 * if `identities` gives it to another person: nobody is on call as somebody else.
 */
export function pagerDutyAddress(person: Whose, { identities, samePerson }: Names): Known<string> {
  const own = identities.get(person.slackId)?.[PAGERDUTY];
  if (own !== undefined) return known(own.toLowerCase());
  const other = namedAtPagerDuty(person.email, identities).find(
    (slackId) => !isSamePerson({ slackId, email: '' }, person, samePerson),
  );
  return other === undefined
    ? known(person.email.toLowerCase())
    : unknown(ACCOUNT_PROBLEMS.otherAtPagerDuty(person.email, other));
}

/** Mistakes in the PagerDuty addresses of the table, by person. */
export function pagerDutyMistakes({ identities, samePerson }: Names): { slackId: string; message: string }[] {
  return [...identities].flatMap(([slackId, names]) => {
    const address = names[PAGERDUTY];
    if (address === undefined) return [];
    if (!/^[^\s@]+@[^\s@]+$/.test(address))
      return [{ slackId, message: ACCOUNT_PROBLEMS.notAnAddress(slackId, address) }];
    const other = namedAtPagerDuty(address, identities).find(
      (id) => id < slackId && !isSamePerson({ slackId: id, email: '' }, { slackId, email: '' }, samePerson),
    );
    return other === undefined
      ? []
      : [
          {
            slackId,
            message: ACCOUNT_PROBLEMS.sharedAddress(other, slackId, address),
          },
        ];
  });
}
