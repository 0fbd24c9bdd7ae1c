import type { Decision } from './decision.ts';
import type { Evidence } from './evidence.ts';
import type { Actor, Person } from './person.ts';
import type { Role } from './policy.ts';
import type { Instant, Millis, Ref, RoleKey } from './terms.ts';

/** What ends access on its own. */
export type PlannedEnd = 'expired' | 'shift_ended' | 'incident_resolved';

/** Something that its holder made with the access and that outlives it, and what the bot did with it. In plain words. */
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
  /** The end of the window that was asked for, or of the time that an extension added. null: it has none. */
  readonly window: Instant | null;
  /** The shift that it was given for; it ends this long after. `end` null: no end is known. */
  readonly shift: {
    readonly escalationPolicy: Ref;
    readonly schedule: Ref | null;
    readonly level: number;
    /** The levels that its rule accepts, `max` null: any from `min` on. Absent: this one alone. */
    readonly levels?: { readonly min: number; readonly max: number | null };
    readonly end: Instant | null;
    readonly grace: Millis;
    /** It was found to be over; a successor has been offered the same. */
    readonly over: boolean;
  } | null;
  readonly incident: {
    readonly id: string;
    /** null: PagerDuty did not say. */
    readonly number: number | null;
    /** When it was first seen to be resolved. It stays so: the grace begins once. */
    readonly resolvedAt: Instant | null;
    readonly grace: Millis;
  } | null;
  /** PagerDuty knew the person when it was given: no longer knowing them ends it. */
  readonly inPagerDuty: boolean;
}

/** Whether somebody has to ask, now and then, if what access depends on is still so. */
export const isWatched = ({ shift, incident }: Ties): boolean =>
  (shift !== null && !shift.over) || (incident !== null && incident.resolvedAt === null);

interface GrantCore {
  readonly id: string;
  readonly requestId: string;
  readonly person: Person;
  readonly resourceId: string;
  /**
   * Kind and place of the target that gives it, as `Targets.placeOf` names it: it is taken back there and nowhere else.
   * null: the resource was not in the policy when an earlier version's grant was looked at.
   */
  readonly place: string | null;
  readonly role: RoleKey;
  /** What the role gave when it was granted: the policy may change before the end. Never holds secrets. */
  readonly grants: unknown;
  readonly duration: Millis;
  readonly ties: Ties;
  /** The intent: committed before the target is touched. */
  readonly intendedAt: Instant;
  /** Until then at the latest; counted from the intent while provisioning, from activation afterwards. */
  readonly endsAt: Instant;
  readonly endsBecause: PlannedEnd;
}

/** When access began and what it is called there; null where it never became active. */
export interface Activation {
  readonly at: Instant;
  /** What the person is called at the target, for example the database login. */
  readonly account: string;
}

/** More time that was approved and is not in force yet: the target has to know of it first. */
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
}

export type ProvisioningGrant = GrantCore & { readonly state: 'provisioning' };
export type ActiveGrant = GrantCore & {
  readonly state: 'active';
  readonly activation: Activation;
  readonly extension: Extension | null;
};
export type RevokingGrant = GrantCore &
  Ending & {
    /** `overdue`: not provably gone after several attempts; retried for ever, and loud. */
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

/** What access is given on. */
export interface Ground {
  readonly decision: Decision;
  readonly evidence: Evidence;
  /** The incident that the request names, whether or not a rule looked at it. */
  readonly incidentId: string | null;
  readonly window: Instant | null;
  /** What the access depended on before it was made longer. null: it is new. */
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

/** What reviewers approved does not rest on a shift, even where there is one. */
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

/** An incident that was named ends access, whoever allowed it; that it could not be looked up yet frees nobody from it. */
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

/** When the incident ends access, whatever else is approved. null: it is not known to be resolved. */
export const incidentEnd = ({ incident }: Ties): Instant | null =>
  incident && incident.resolvedAt !== null ? incident.resolvedAt + incident.grace : null;

/** The earliest of everything that ends access which began at `from`. */
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

/** Active access with other ties or another length: its end follows. */
export function retie(grant: ActiveGrant, change: { ties: Ties; duration?: Millis }): ActiveGrant {
  const next = { ...grant, ...change };
  return { ...next, ...plannedEnd(grant.activation.at, next.duration, next.ties) };
}

/**
 * Active access with the time that an extension adds: never more than that behind the end that it has now, and what is known
 * to be over by now stays over.
 */
export function extended(grant: ActiveGrant, { duration, ties }: Extension): ActiveGrant {
  const incident = incidentEnd(grant.ties) === null ? ties.incident : grant.ties.incident;
  const window = grant.endsAt + duration;
  const next = retie(grant, { duration: grant.duration + duration, ties: { ...ties, incident, window } });
  return { ...next, extension: null };
}

export function startRevoking(
  grant: ProvisioningGrant | ActiveGrant,
  ending: { why: EndReason; by: Actor; problem: string | null },
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
