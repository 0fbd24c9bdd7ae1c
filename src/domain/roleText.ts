/** Parts of a role as text, for people comparing two policies. */

import { ROLE_PARTS } from '../wording/reasons/policyChanges.ts';
import type { FreezeWindow, Limit, Role } from './policy.ts';
import { durationText } from './terms.ts';

const listText = (parts: readonly (string | false)[], none: string): string => parts.filter(Boolean).join(', ') || none;

export const endsText = ({ ends: { withShift, withIncident } }: Role): string =>
  listText(
    [
      withShift !== null && ROLE_PARTS.afterShift(durationText(withShift)),
      withIncident !== null && ROLE_PARTS.afterIncident(durationText(withIncident)),
    ],
    ROLE_PARTS.byTime,
  );

export const secondFactorText = ({ secondFactor: { request, review } }: Role): string =>
  listText([request && 'for requests', review && 'for reviews'], 'none');

export function breakGlassText({ breakGlass }: Pick<Role, 'breakGlass'>): string {
  if (breakGlass === null) return 'none';
  const { members, max, reviewWithin, reviewers, page } = breakGlass;
  const review = ROLE_PARTS.reviewed(durationText(reviewWithin), reviewers.join(', '));
  return ROLE_PARTS.breakGlass(members.join(', '), durationText(max), review, page);
}

export const limitsText = ({ limits }: Role): string => limits.map(limitText).join('; ') || 'none';

const limitText = ({ resources, automatic, holders, coolDown }: Limit): string =>
  listText(
    [
      automatic !== null && ROLE_PARTS.automatic(automatic.max, durationText(automatic.per)),
      holders !== null && ROLE_PARTS.holders(holders),
      coolDown !== null && ROLE_PARTS.coolDown(durationText(coolDown)),
      resources !== null && ROLE_PARTS.over(resources.join(' ')),
    ],
    'none',
  );

export const freezesText = ({ freezes }: Role): string => freezes.map(freezeText).join('; ') || 'none';

const freezeText = ({ from, to, reason, except }: FreezeWindow): string =>
  ROLE_PARTS.freeze({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), reason, except });
