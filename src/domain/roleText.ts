/** Parts of a role as text, for people comparing two policies. */

import type { FreezeWindow, Limit, Role } from './policy.ts';
import { durationText } from './terms.ts';

const listText = (parts: readonly (string | false)[], none: string): string => parts.filter(Boolean).join(', ') || none;

export const endsText = ({ ends: { withShift, withIncident } }: Role): string =>
  listText(
    [
      withShift !== null && `${durationText(withShift)} after its shift`,
      withIncident !== null && `${durationText(withIncident)} after its incident`,
    ],
    'by time only',
  );

export const secondFactorText = ({ secondFactor: { request, review } }: Role): string =>
  listText([request && 'for requests', review && 'for reviews'], 'none');

export function breakGlassText({ breakGlass }: Pick<Role, 'breakGlass'>): string {
  if (breakGlass === null) return 'none';
  const { members, max, reviewWithin, reviewers, page } = breakGlass;
  const review = `reviewed within ${durationText(reviewWithin)} by ${reviewers.join(', ')}`;
  return `for ${members.join(', ')}, at most ${durationText(max)}, ${review}${page === null ? '' : `, pages ${page}`}`;
}

export const limitsText = ({ limits }: Role): string => limits.map(limitText).join('; ') || 'none';

const limitText = ({ resources, automatic, holders, coolDown }: Limit): string =>
  listText(
    [
      automatic !== null && `automatic ${automatic.max} times in ${durationText(automatic.per)}`,
      holders !== null && `at most ${holders} holders`,
      coolDown !== null && `${durationText(coolDown)} after a denial`,
      resources !== null && `counted over ${resources.join(' ')}`,
    ],
    'none',
  );

export const freezesText = ({ freezes }: Role): string => freezes.map(freezeText).join('; ') || 'none';

const freezeText = ({ from, to, reason, except }: FreezeWindow): string =>
  `${new Date(from).toISOString()} to ${new Date(to).toISOString()} (${reason})${except.length === 0 ? '' : `, except ${except.join(', ')}`}`;
