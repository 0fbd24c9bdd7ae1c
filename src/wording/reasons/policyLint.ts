/** What makes no sense in a policy that is valid, and what to do about it. */

/** Finding, then advice. */
export const LINT = {
  opensItself: (role: string, group: string): string =>
    `${role} gives membership of ${group}, which this policy names: whoever gets in also gets what the policy gives that group`,
  opensItselfAdvice: 'grant another group, or name other people in the policy',
  noWay: (role: string): string => `nobody can get ${role}: no allow or ask rule can ever match`,
  noWayAdvice: 'add a rule that can match, or remove the role',
  deniesAll: (role: string): string => `nobody can get ${role}: a deny rule holds for everybody`,
  deniesAllAdvice: 'name the people whom it should not deny',
  longBreakGlass: (max: string, total: string): string =>
    `break-glass gives ${max}, longer than the role may be held at all (${total})`,
  longBreakGlassAdvice: 'make it shorter, or raise duration.total',
  reviewsItself: 'everybody who reviews a use of break-glass may also use it',
  reviewsItselfAdvice: 'name a reviewer who cannot use it',
  never: (rule: number, why: string): string => `rule ${rule} can never match: ${why}`,
  neverAdvice: 'correct it, or remove it',
  covered: (rule: number, earlier: number): string =>
    `rule ${rule} never decides: whenever it matches, rule ${earlier} does too, and comes first`,
  coveredAdvice: 'put the narrower rule first, or remove it',
  alwaysHolds: (max: string): string => `always holds: nobody can ask for more than ${max} anyway`,
  alwaysHoldsAdvice: 'lower it, or leave it out',
  tooFew: (needed: number, people: number): string =>
    `${needed} approvals are needed, and only ${people} people can give them`,
  tooFewAdvice: 'name more reviewers, or need fewer',
  ownReviewer: 'the only reviewer is the only one who can ask, and nobody reviews their own request',
  ownReviewerAdvice: 'name another reviewer',
  oneReviewer: 'only one person reviews this, and there is nobody to escalate to while they sleep',
  oneReviewerAdvice: 'name a user group, or add escalate',
} as const;

/** Why a rule can never match. */
export const NEVER = {
  noReviewers: 'it names no reviewers',
  nobody: 'members_of is empty, which means nobody',
  noLevel: 'its lowest level is above its highest',
  excludesAll: 'what it excludes is everything',
  contradiction: 'it asks for something and for its opposite',
} as const;
