/** The world as it was: whoever decides rests on what was so a moment ago, and never on what never was. */

import type { Instant } from '../../src/domain/terms.ts';
import type { Outside } from './outside.ts';

export type PolicyName = 'first' | 'second';

export interface Moment {
  readonly from: Instant;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Active, full members of the workspace. */
  readonly members: ReadonlySet<string>;
  /** By level. */
  readonly shifts: ReadonlyMap<number, { readonly slackId: string; readonly until: Instant }>;
  readonly incidentIsOpen: boolean;
  readonly isFrozen: boolean;
  readonly policy: PolicyName;
}

type Test = (moment: Moment, at: Instant) => boolean;

export interface Past {
  /** Something has changed: what is so from now on. */
  note(now: Instant): void;
  /** Whether it was so at some time since. */
  ever(since: Instant, now: Instant, test: Test): boolean;
  /** Whether it was so all the time since. */
  always(since: Instant, now: Instant, test: Test): boolean;
}

export function createPast(outside: Outside): Past {
  const moments: Moment[] = [];

  /** Each stretch of time in which nothing was changed, by its beginning and its end: a shift may end in between. */
  function stretches(since: Instant, now: Instant): { moment: Moment; from: Instant; to: Instant }[] {
    return moments.flatMap((moment, index) => {
      const from = Math.max(moment.from, since);
      const to = Math.min(moments[index + 1]?.from ?? now, now);
      // The clock may have been set back since: the newest moment always counts.
      return from <= to || index === moments.length - 1 ? [{ moment, from: Math.min(from, to), to }] : [];
    });
  }

  return {
    note: (now) => {
      const { workspace, shifts, incident } = outside;
      moments.push({
        from: now,
        groups: new Map([...workspace.groups.values()].map(({ id, members }) => [id, [...members]])),
        members: new Set([...workspace.users.values()].filter(({ kind }) => kind === 'member').map(({ id }) => id)),
        shifts: new Map([...shifts].map(([level, shift]) => [level, { ...shift }])),
        incidentIsOpen: !incident.resolved,
        isFrozen: outside.isFrozen,
        policy: outside.policy.inForce,
      });
    },
    ever: (since, now, test) =>
      stretches(since, now).some(({ moment, from, to }) => test(moment, from) || test(moment, to)),
    always: (since, now, test) =>
      stretches(since, now).every(({ moment, from, to }) => test(moment, from) && test(moment, to)),
  };
}
