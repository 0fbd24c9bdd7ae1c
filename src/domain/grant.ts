import type { Decision } from './decision.ts';
import type { Evidence } from './evidence.ts';
import type { Actor, Person } from './person.ts';
import type { Role } from './policy.ts';
import type { Instant, Millis, Ref, RoleKey } from './terms.ts';

/** Planned reasons for access to end. */
export type PlannedEnd = 'expired' | 'shift_ended' | 'incident_resolved';

/** Something that the holder made and that outlives the access. Both fields are text for people. */
export interface Residue {
  /** `function public.helper(text)` */
  readonly what: string;
  /** `runs with the rights of its caller, nobody may call it; it now belongs to jitbot_leftovers` */
  readonly done: string;
}

/** Why access ended, or is ending. */
export type EndReason = PlannedEnd | 'revoked' | 'person_left' | 'frozen' | 'restored' | 'provision_failed';

/** What access depends on besides its time. */
export interface Ties {
  /** The end of the requested window, or of the time that an extension added. null if there is none. */
  readonly window: Instant | null;
  /** The shift that it was given for; access ends `grace` after it. `end` is null if unknown. */
  readonly shift: {
    readonly escalationPolicy: Ref;
    readonly schedule: Ref | null;
    readonly level: number;
    /** The levels that its rule accepts; `max` is null for all from `min` on. Absent if only this one counts. */
    readonly levels?: { readonly min: number; readonly max: number | null };
    readonly end: Instant | null;
    readonly grace: Millis;
    /** The shift was found to be over, and a successor was offered the same. */
    readonly over: boolean;
  } | null;
  readonly incident: {
    readonly id: string;
    /** null if PagerDuty did not say. */
    readonly number: number | null;
    /** When it was first seen resolved. This never changes, so that the grace begins once. */
    readonly resolvedAt: Instant | null;
    readonly grace: Millis;
  } | null;
  /** PagerDuty knew the person when it was given: access ends if it no longer does. */
  readonly inPagerDuty: boolean;
}

/** Whether the shift or incident of the access has to be checked from time to time. */
export const isWatched = ({ shift, incident }: Ties): boolean =>
  (shift !== null && !shift.over) || (incident !== null && incident.resolvedAt === null);

interface GrantCore {
  readonly id: string;
  readonly requestId: string;
  readonly person: Person;
  readonly resourceId: string;
  /**
   * Kind and place of its target, as `Targets.placeOf` names it: it is revoked there and nowhere else.
   * null for a grant from an earlier version whose resource was not in the policy when it was stamped.
   */
  readonly place: string | null;
  readonly role: RoleKey;
  /** What the role gave when it was granted: the policy may change before the end. Never holds secrets. */
  readonly grants: unknown;
  readonly duration: Millis;
  readonly ties: Ties;
  /** The intent: committed before the target is touched. */
  readonly intendedAt: Instant;
  /** The latest end: counted from the intent while provisioning, from activation afterwards. */
  readonly endsAt: Instant;
  readonly endsBecause: PlannedEnd;
}

/** When access began, and its account; null if it never became active. */
export interface Activation {
  readonly at: Instant;
  /** The person's account at the target, for example the database login. */
  readonly account: string;
}

/** Approved additional time that is not in force yet: the target has to learn of it first. */
export interface Extension {
  readonly requestId: string;
  readonly duration: Millis;
  readonly ties: Ties;
}

interface Ending {
  readonly activation: Activation | null;
  readonly why: EndReason;
  readonly by: Actor;
  /** For `provision_failed`: what went wrong. */
  readonly problem: string | null;
  /** For `provision_failed`: nothing was given to anybody then, as in a freeze. */
  readonly isHeld?: true;
}

export type ProvisioningGrant = GrantCore & { readonly state: 'provisioning' };
export type ActiveGrant = GrantCore & {
  readonly state: 'active';
  readonly activation: Activation;
  readonly extension: Extension | null;
};
export type RevokingGrant = GrantCore &
  Ending & {
    /** `overdue`: not provably gone after several attempts, reported, and retried for ever. */
    readonly state: 'revoking' | 'overdue';
    readonly since: Instant;
  };

/** The access itself. */
export type Grant =
  | ProvisioningGrant
  | ActiveGrant
  | RevokingGrant
  /** Gone from the target: revoked and read back. */
  | (GrantCore & Ending & { readonly state: 'ended'; readonly endedAt: Instant })
  /** Never became active, and the target is clean. */
  | (GrantCore & Ending & { readonly state: 'failed'; readonly endedAt: Instant });

export type LiveGrant = ProvisioningGrant | ActiveGrant | RevokingGrant;

/** States in which the target may hold something. */
export const LIVE_STATES: readonly Grant['state'][] = ['provisioning', 'active', 'revoking', 'overdue'];

export const isLive = (grant: Grant): grant is LiveGrant => LIVE_STATES.includes(grant.state);

export const isRevoking = (grant: Grant): grant is RevokingGrant =>
  grant.state === 'revoking' || grant.state === 'overdue';

/** Failed revocations in a row after which a grant is overdue and people are told. */
export const OVERDUE_AFTER_FAILURES = 6;

/** The basis on which access is given. */
export interface Ground {
  readonly decision: Decision;
  readonly evidence: Evidence;
  /** The request's incident, whether or not a rule depends on it. */
  readonly incidentId: string | null;
  readonly window: Instant | null;
  /** What the access depended on before its extension. null if it is new. */
  readonly before: Ties | null;
}

/** What a grant made on this decision depends on. */
export function tiesOf(role: Role, ground: Ground): Ties {
  const { decision, evidence, window } = ground;
  return {
    window,
    shift: shiftOf(role, decision),
    incident: incidentOf(role, ground),
    inPagerDuty: evidence.onCall?.known === true,
  };
}

/** Reviewed access does not depend on a shift, even if there is one. */
function shiftOf({ rules, ends }: Role, decision: Decision): Ties['shift'] {
  const onCall = decision.effect === 'allow' ? decision.proof.onCall : null;
  if (!onCall || ends.withShift === null) return null;
  const when = decision.rule === null ? [] : (rules[decision.rule - 1]?.when ?? []);
  const tests = when.flatMap((test) => (test.kind === 'on_call' ? [test] : []));
  const { escalationPolicy, schedule, level, end } = onCall;
  const max = Math.min(...tests.map(({ maxLevel }) => maxLevel));
  const levels =
    tests.length === 0
      ? { min: level, max: level }
      : { min: Math.max(...tests.map(({ minLevel }) => minLevel)), max: max === Infinity ? null : max };
  return { escalationPolicy, schedule, level, levels, end, grace: ends.withShift, over: false };
}

/** A named incident ends access, whoever allowed it, even if it could not be looked up yet. */
function incidentOf({ ends }: Role, { evidence, incidentId, before }: Ground): Ties['incident'] {
  const earlier = before?.incident ?? null;
  if (earlier && earlier.resolvedAt !== null) return earlier;
  if (incidentId === null || ends.withIncident === null) return null;
  const found = evidence.incident?.known ? evidence.incident.value : null;
  return {
    id: incidentId,
    number: found?.number ?? earlier?.number ?? null,
    resolvedAt: found?.status === 'resolved' ? evidence.at : null,
    grace: ends.withIncident,
  };
}

/** When the incident ends access, whatever else is approved. null if it is not known to be resolved. */
export const incidentEnd = ({ incident }: Ties): Instant | null =>
  incident && incident.resolvedAt !== null ? incident.resolvedAt + incident.grace : null;

/** The earliest planned end of access that began at `from`. */
export function plannedEnd(from: Instant, duration: Millis, ties: Ties): { endsAt: Instant; endsBecause: PlannedEnd } {
  const ends: { endsAt: Instant; endsBecause: PlannedEnd }[] = [{ endsAt: from + duration, endsBecause: 'expired' }];
  if (ties.window !== null) ends.push({ endsAt: ties.window, endsBecause: 'expired' });
  if (ties.shift && ties.shift.end !== null)
    ends.push({ endsAt: ties.shift.end + ties.shift.grace, endsBecause: 'shift_ended' });
  if (ties.incident && ties.incident.resolvedAt !== null)
    ends.push({ endsAt: ties.incident.resolvedAt + ties.incident.grace, endsBecause: 'incident_resolved' });
  return ends.reduce((a, b) => (b.endsAt < a.endsAt ? b : a));
}

/** The intent to grant. */
export function intendGrant(
  fields: Omit<GrantCore, 'intendedAt' | 'endsAt' | 'endsBecause'>,
  at: Instant,
): ProvisioningGrant {
  return { ...fields, state: 'provisioning', intendedAt: at, ...plannedEnd(at, fields.duration, fields.ties) };
}

/** The clock of a grant starts when access is active, not when it was asked for. */
export function activate(grant: ProvisioningGrant, account: string, at: Instant): ActiveGrant {
  const activation = { at, account };
  return { ...grant, state: 'active', activation, extension: null, ...plannedEnd(at, grant.duration, grant.ties) };
}

/** Changes the ties or the duration of active access, and with them its end. */
export function retie(grant: ActiveGrant, change: { ties: Ties; duration?: Millis }): ActiveGrant {
  const next = { ...grant, ...change };
  return { ...next, ...plannedEnd(grant.activation.at, next.duration, next.ties) };
}

/**
 * Adds an extension's time to active access: never more than that after its current end, and a shift or incident known
 * to be over stays over.
 */
export function extended(grant: ActiveGrant, { duration, ties }: Extension): ActiveGrant {
  const incident = incidentEnd(grant.ties) === null ? ties.incident : grant.ties.incident;
  const window = grant.endsAt + duration;
  const next = retie(grant, { duration: grant.duration + duration, ties: { ...ties, incident, window } });
  return { ...next, extension: null };
}

export function startRevoking(
  grant: ProvisioningGrant | ActiveGrant,
  ending: Pick<Ending, 'why' | 'by' | 'problem' | 'isHeld'>,
  at: Instant,
): RevokingGrant {
  const { state, ...rest } = grant;
  if (state === 'provisioning') return { ...rest, ...ending, state: 'revoking', activation: null, since: at };
  const { extension: _extension, ...core } = grant;
  return { ...core, ...ending, state: 'revoking', since: at };
}

/** The target was read back and holds nothing of this grant any more. */
export function conclude(grant: RevokingGrant, at: Instant): Grant {
  const { since: _since, ...rest } = grant;
  return { ...rest, state: grant.why === 'provision_failed' ? 'failed' : 'ended', endedAt: at };
}
