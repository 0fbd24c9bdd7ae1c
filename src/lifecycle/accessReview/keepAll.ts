import { isRefused, type Refused } from '../../domain/refusal.ts';
import type { Deps } from '../deps.ts';
import { answerAccessReview } from './accessReview.ts';

/**
 * An owner keeps every rule that they were shown and that nobody has answered since. Each answer is recorded separately.
 * @returns how many rules were kept, and how many name the owner, so that somebody else has to answer them
 */
export async function keepAll(
  deps: Deps,
  input: { readonly personId: string; readonly reviewId: string; readonly items: readonly number[] },
): Promise<{ kept: number; own: number } | Refused> {
  const { personId, reviewId } = input;
  let own = 0;
  for (const item of input.items) {
    const asked = { personId, reviewId, item, verdict: 'keep', comment: '', onlyOpen: true } as const;
    const answered = await answerAccessReview(deps, asked);
    if (!isRefused(answered)) continue;
    if (answered.refused.code !== 'own_entitlement') return answered;
    own += 1;
  }
  return { kept: input.items.length - own, own };
}
