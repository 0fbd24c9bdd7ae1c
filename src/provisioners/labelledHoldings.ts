import type { Holding } from '../ports/targets.ts';

/**
 * Holders of one role on a target that labels what a grant made.
 * @param made holders by grant label
 * @param standing for each thing that the role gives, who has it in other ways
 */
export function holdingsOf(
  roleKey: string,
  made: readonly { readonly account: string; readonly grantId: string | null }[],
  standing: readonly ReadonlySet<string>[],
): Holding[] {
  const [first = new Set<string>(), ...others] = standing;
  const everywhere = [...first].filter((account) => others.every((accounts) => accounts.has(account)));
  const found = [...made, ...everywhere.map((account) => ({ account, grantId: null }))];
  return [...new Map(found.map((one) => [JSON.stringify(one), { ...one, role: roleKey }])).values()];
}
