import type { IdBook } from '../../ports/targets.ts';
import { type Binding, type Given, grantOf } from './policy.ts';

/** What is written down of a grant: see IdBook. Whom it was given to. */
export const ACCOUNT = 'account';
export const ROLES = 'roles';
/** `yes` from when it was taken back: what has its title after that is not the bot's. */
export const TAKEN = 'taken';
/** What stood in the policy before, so that what came with the grant is told from it. */
export const STOOD = 'stood';
/** That the address it was given to is, or may be, somebody else's by now. */
export const RENAMED = 'renamed';

/** Whom the bot gave what, of the grants whose titles stand in a policy. */
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
