/** What Slack's object of a person says. https://docs.slack.dev/reference/objects/user-object */

import { IANAZone } from 'luxon';
import { z } from 'zod';
import type { Person } from '../../domain/person.ts';
import { type Known, known, unknown } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';

/** Slack's own description allows null almost everywhere, and leaves fields out. A field that is odd says nothing; the others still count. */
const flag = z.boolean().nullish().catch(null);
const text = z.string().nullish().catch(null);

const accountSchema = z.object({
  id: z.string().min(1),
  team_id: text,
  deleted: flag,
  is_bot: flag,
  is_workflow_bot: flag,
  is_restricted: flag,
  is_ultra_restricted: flag,
  is_stranger: flag,
  tz: text,
  real_name: text,
  name: text,
  profile: z.object({ email: text, display_name: text, real_name: text }).nullish().catch(null),
  enterprise_user: z
    .object({ teams: z.array(z.string()) })
    .nullish()
    .catch(null),
});
export type Account = z.output<typeof accountSchema>;

const NOT_UNDERSTOOD = 'Slack described this person in a form that is not understood';

/** @param slackId whom Slack was asked about: what it says of anybody else is not believed; null: it is not known yet */
export function readAccount(said: unknown, slackId: string | null): Known<Account> {
  const parsed = accountSchema.safeParse(said);
  if (!parsed.success) return unknown(NOT_UNDERSTOOD);
  if (slackId !== null && parsed.data.id !== slackId) return unknown('Slack answered about somebody else');
  return known(parsed.data);
}

/** Why an account takes no part any more. */
interface Left {
  /** Of the person: `this account is deactivated`. */
  readonly problem: string;
  /** For the record: `the Slack account was deactivated`. */
  readonly because: string;
}

/**
 * Whether an account is certainly no active, full member of this workspace any more. One clear sign is enough, whatever
 * else Slack says or leaves out; that somebody is still there takes every sign.
 * @param ownTeam the workspace that the bot is installed in
 */
export function leftBecause(account: Account, ownTeam: string): Known<Left | null> {
  if (account.deleted === true)
    return known({ problem: 'this account is deactivated', because: 'the Slack account was deactivated' });
  if (account.is_restricted === true || account.is_ultra_restricted === true)
    return known({ problem: 'guests cannot take part', because: 'the Slack account is a guest’s now' });
  const teams = account.enterprise_user?.teams ?? [];
  const isElsewhere = account.team_id && account.team_id !== ownTeam && !teams.includes(ownTeam);
  if (account.is_stranger === true || isElsewhere)
    return known({
      problem: 'people from other workspaces cannot take part',
      because: 'the Slack account belongs to another workspace now',
    });
  const isOurs = account.team_id === ownTeam || teams.includes(ownTeam);
  const isSaid = [account.deleted, account.is_restricted, account.is_ultra_restricted].every((one) => one === false);
  return isSaid && isOurs ? known(null) : unknown(NOT_UNDERSTOOD);
}

/** Only active, full, human members of this workspace take part. */
export function personOf(account: Account, ownTeam: string): Known<Person> {
  const left = leftBecause(account, ownTeam);
  if (left.known && left.value) return unknown(left.value.problem);
  if (account.is_bot === true || account.is_workflow_bot === true || account.id === 'USLACKBOT')
    return unknown('this is a bot, not a person');
  if (!left.known) return left;
  if (account.is_bot !== false) return unknown(NOT_UNDERSTOOD);
  const { profile, id, tz } = account;
  const written = profile?.email;
  if (!written)
    return unknown('Slack shows no e-mail address for this account, so it cannot be matched with PagerDuty');
  const email = written.toLowerCase();
  return known({
    slackId: id,
    name: nameOf(account),
    email,
    ...(written !== email && { writtenEmail: written }),
    timeZone: tz && IANAZone.isValidZone(tz) ? tz : 'UTC',
  });
}

/** What Slack shows for them; their id if it shows nothing. */
export function nameOf({ id, profile, real_name, name }: Account): string {
  const names = [profile?.display_name, profile?.real_name, real_name, name];
  return names.map((one) => typed(one ?? '')).find((one) => one !== '') ?? id;
}
