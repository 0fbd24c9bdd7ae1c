/** What a new policy file changes, in words: each changed field, and each situation that is decided differently. */

/** Fields. */
export const CHANGED = {
  reason: (minLength: number, ticket: string | null): string =>
    `at least ${minLength} characters${ticket === null ? '' : `, ticket ${ticket}`}`,
  canary: (role: string, email: string, every: string, lasts: string): string =>
    `${role} for ${email}, every ${every} for at most ${lasts}`,
  drift: 'drift looked for every',
  samePerson: 'accounts of one person',
  emailDomains: 'e-mail domains that name accounts',
  called: (id: string): string => `what ${id} is called at targets`,
  retired: (name: string): string => `retired target ${name}`,
  resourceGone: (id: string): string => `resource ${id} is gone`,
  resourceNew: (id: string): string => `resource ${id} is new`,
  roleGone: (role: string): string => `${role} is gone`,
  targetChanged: (id: string): string => `${id}: its target has changed`,
  roleNew: (role: string, rules: string): string => `${role} is new, with ${rules}`,
} as const;

/** Parts of a role. */
export const ROLE_PARTS = {
  breakGlass: (members: string, max: string, reviewed: string, page: string | null): string =>
    `for ${members}, at most ${max}, ${reviewed}${page === null ? '' : `, pages ${page}`}`,
  freeze: (one: { from: string; to: string; reason: string; except: readonly string[] }): string =>
    `${one.from} to ${one.to} (${one.reason})${one.except.length === 0 ? '' : `, except ${one.except.join(', ')}`}`,
  afterShift: (time: string): string => `${time} after its shift`,
  afterIncident: (time: string): string => `${time} after its incident`,
  byTime: 'by time only',
  reviewed: (within: string, reviewers: string): string => `reviewed within ${within} by ${reviewers}`,
  automatic: (max: number, per: string): string => `automatic ${max} times in ${per}`,
  holders: (most: number): string => `at most ${most} holders`,
  coolDown: (time: string): string => `${time} after a denial`,
  over: (resources: string): string => `counted over ${resources}`,
} as const;

/** Who asks, and how; and what the policy answers. */
export const SITUATIONS = {
  otherPolicy: 'another escalation policy',
  otherSchedule: 'another schedule',
  otherService: 'that no rule names',
  otherIncidentService: 'another service',
  onCall: (one: {
    level: number;
    policy: string;
    schedule: string | null;
    service: string | null;
    isOverride: boolean;
  }): string =>
    `on call at level ${one.level} for ${one.policy}${one.schedule === null ? '' : ` on ${one.schedule}`}${one.service === null ? '' : ` for the service ${one.service}`}${one.isOverride ? ' by an override' : ''}`,
  approvals: (needed: number, reviewers: readonly string[]): string => `${needed} of ${reviewers.join(', ')}`,
  asks: (approvals: readonly string[]): string => `ask ${approvals.join(' and ')}`,
  canary: 'the canary',
  canaryGiven: (lasts: string): string => `allow without approval, for at most ${lasts}`,
  breakGlass: 'in an emergency, by break-glass',
  byOpa: 'decided by Open Policy Agent (not compared)',
  noRole: 'deny (no such role)',
  tooLong: (max: string): string => `deny (at most ${max})`,
  member: (group: string): string => `a member of ${group}`,
  person: (id: string): string => `the person ${id}`,
  anybody: 'anybody, off call, at any time',
  incident: (status: string, urgency: string, service: string): string =>
    `for a ${status} incident of ${urgency} urgency on ${service}`,
  signal: (name: string): string => `with a signal of ${name}`,
  at: (time: string): string => `at ${time} UTC`,
} as const;
