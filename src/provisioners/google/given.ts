import type { IdBook } from '../../ports/targets.ts';
import { type Binding, type Given, grantOf } from './policy.ts';

/** The records of a grant (see IdBook): whom it was given to. */
export const ACCOUNT = 'account';
export const ROLES = 'roles';
/** `yes` after the grant was ended: a later binding with its title is not the bot's. */
export const TAKEN = 'taken';
/** The policy's bindings before the grant, to detect what was added during it. */
export const STOOD = 'stood';
/** Set if the address may belong to another person by now. */
export const RENAMED = 'renamed';

/** Who got what from the bot, for the grants whose titles are in a policy. */
export async function givenIn(bindings: readonly Binding[], ids: IdBook): Promise<Given> {
  const grants = [...new Set(bindings.flatMap((binding) => grantOf(binding) ?? []))];
  const known = await Promise.all(grants.map(async (id) => [id, await givenBy(id, ids)] as const));
  return new Map(known.flatMap(([id, given]) => (given === undefined ? [] : [[id, given] as const])));
}

async function givenBy(grantId: string, ids: IdBook) {
  const known = await ids.of(grantId);
  const account = known.get(ACCOUNT);
  const isKnown = account !== undefined && known.get(TAKEN) !== 'yes';
  return isKnown ? { account, roles: (known.get(ROLES) ?? '').split(' ') } : undefined;
}
