/** What a PagerDuty account holds, and who is on call by it. */

export interface PdUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Shift {
  readonly user: string;
  readonly start: number;
  readonly end: number;
}

export interface Schedule {
  readonly id: string;
  readonly name: string;
  /** Users taking turns. */
  readonly rotation: readonly string[];
  readonly rotationStart: number;
  readonly turnMs: number;
  /** Beat the rotation. */
  overrides: Shift[];
  /** Stand beside the rotation. Only shift-based schedules have them; left out, this is a schedule of the older kind. */
  readonly customShifts?: Shift[];
}

export interface EscalationPolicy {
  readonly id: string;
  readonly name: string;
  /** Level 1 first; each names users and schedules. */
  readonly levels: readonly (readonly { readonly type: 'user' | 'schedule'; readonly id: string }[])[];
}

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly escalationPolicy: string;
}

export interface PdIncident {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  readonly urgency: 'high' | 'low';
  readonly service: string;
  readonly assignees: readonly string[];
  readonly createdAt: number;
  readonly notes: { id: string; content: string; user: string; createdAt: number }[];
  /** Keeps the same from being opened twice. */
  readonly key?: string | null;
  readonly details?: string;
}

export interface Account {
  readonly users: PdUser[];
  readonly schedules: Schedule[];
  readonly escalationPolicies: EscalationPolicy[];
  readonly services: Service[];
  readonly incidents: PdIncident[];
}

/** Whose turn it is on a schedule at a moment, and from when until when. */
export function shiftAt(schedule: Schedule, at: number): Shift | null {
  const override = schedule.overrides.findLast((shift) => shift.start <= at && at < shift.end);
  if (override) return override;
  if (schedule.rotation.length === 0 || at < schedule.rotationStart) return null;
  const turn = Math.floor((at - schedule.rotationStart) / schedule.turnMs);
  const start = schedule.rotationStart + turn * schedule.turnMs;
  const user = schedule.rotation[turn % schedule.rotation.length];
  if (!user) return null;
  // An override inside the turn cuts it short or starts it late.
  const later = schedule.overrides
    .filter((shift) => shift.start > at && shift.start < start + schedule.turnMs)
    .map((shift) => shift.start);
  const earlier = schedule.overrides.filter((shift) => shift.end <= at && shift.end > start).map((shift) => shift.end);
  return { user, start: Math.max(start, ...earlier), end: Math.min(start + schedule.turnMs, ...later) };
}

type ShiftSource = 'schedule_rotation' | 'custom_shift' | 'schedule_rotation_override';

interface SourcedShift extends Shift {
  readonly source: ShiftSource;
}

/** Everybody who is on a shift at a moment: a custom shift stands beside the rotation, an override in its place. */
export function shiftsAt(schedule: Schedule, at: number): SourcedShift[] {
  const turn = shiftAt(schedule, at);
  const isOverridden = schedule.overrides.some(({ start, end }) => start <= at && at < end);
  const custom = (schedule.customShifts ?? []).filter(({ start, end }) => start <= at && at < end);
  return [
    ...(turn ? [{ ...turn, source: isOverridden ? 'schedule_rotation_override' : 'schedule_rotation' } as const] : []),
    ...custom.map((shift) => ({ ...shift, source: 'custom_shift' as const })),
  ];
}

export interface OnCallNow {
  readonly user: string;
  readonly escalationPolicy: EscalationPolicy;
  readonly level: number;
  readonly schedule: Schedule | null;
  readonly start: number | null;
  readonly end: number | null;
}

/** An entry for every escalation policy, level and target that somebody stands behind at a moment. */
export function onCallAt(account: Account, at: number): OnCallNow[] {
  return account.escalationPolicies.flatMap((escalationPolicy) =>
    escalationPolicy.levels.flatMap((targets, index) =>
      targets.flatMap((target): OnCallNow[] => {
        const level = index + 1;
        if (target.type === 'user')
          return [{ user: target.id, escalationPolicy, level, schedule: null, start: null, end: null }];
        const schedule = account.schedules.find((one) => one.id === target.id);
        return schedule
          ? shiftsAt(schedule, at).map(({ user, start, end }) => ({
              user,
              escalationPolicy,
              level,
              schedule,
              start,
              end,
            }))
          : [];
      }),
    ),
  );
}
