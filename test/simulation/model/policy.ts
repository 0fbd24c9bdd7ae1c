/** What policy.yaml says, told a second time and in other words. */

import { HOUR, type Instant, MINUTE, type Millis } from '../../../src/domain/terms.ts';
import type { Moment, PolicyName } from '../past.ts';
import { isOnCall } from './world.ts';

interface RoleModel {
  /** Longest for one request, and in all. */
  readonly max: (policy: PolicyName) => Millis;
  readonly total: Millis;
  /** Whether they get it at once, as far as rules go. */
  readonly atOnce: (moment: Moment, at: Instant, who: string, asked: Asked) => boolean;
  /** Who decides otherwise: each stage, and how many of it. */
  readonly stages: (policy: PolicyName) => readonly { readonly of: readonly string[]; readonly needed: number }[];
  readonly expires: Millis;
  readonly engineersOnly: boolean;
}

interface Asked {
  readonly duration: Millis;
  readonly incidentId: string | null;
}

/** Last Sunday of March to last Sunday of October, 2026, at one in the morning UTC. */
const SUMMER = { from: Date.UTC(2026, 2, 29, 1), to: Date.UTC(2026, 9, 25, 1) };
/** Since midnight there: an hour ahead of UTC, in summer two. */
const clockInZagreb = (at: Instant): Millis =>
  (at + (at >= SUMMER.from && at < SUMMER.to ? 2 * HOUR : HOUR)) % (24 * HOUR);

const VIEW: RoleModel = {
  max: () => HOUR / 2,
  total: HOUR / 2,
  atOnce: (_moment, at) => clockInZagreb(at) >= 10 * HOUR && clockInZagreb(at) < 10.5 * HOUR,
  stages: () => [{ of: ['U0EVE'], needed: 1 }],
  expires: 20 * MINUTE,
  engineersOnly: false,
};

export const ROLES: Readonly<Record<string, RoleModel>> = {
  'db/read': {
    max: (policy) => (policy === 'first' ? 2 * HOUR : HOUR),
    total: 4 * HOUR,
    atOnce: (moment, at, who) => isOnCall(moment, at, who, 2),
    stages: () => [{ of: ['S0PAYLEADS'], needed: 1 }],
    expires: HOUR,
    engineersOnly: true,
  },
  'db/admin': {
    max: () => HOUR,
    total: HOUR,
    atOnce: (moment, at, who, { incidentId }) =>
      isOnCall(moment, at, who, 1) && incidentId === 'PINC4711' && moment.incidentIsOpen,
    stages: () => [
      { of: ['S0PAYLEADS'], needed: 1 },
      { of: ['S0DBA'], needed: 1 },
    ],
    expires: 30 * MINUTE,
    engineersOnly: true,
  },
  'web/edit': {
    max: () => HOUR,
    total: HOUR,
    atOnce: (_moment, _at, who, { duration }) => who === 'U0BEN' && duration <= 30 * MINUTE,
    stages: (policy) => [{ of: ['U0CHLOE', 'U0EVE'], needed: policy === 'first' ? 2 : 1 }],
    expires: 20 * MINUTE,
    engineersOnly: false,
  },
  'web/view': VIEW,
  // As the second policy calls it.
  'web/look': VIEW,
  'team/member': {
    max: () => 2 * HOUR,
    total: 3 * HOUR,
    atOnce: ({ policy }, _at, who) => ['U0ANA', 'U0BEN', ...(policy === 'first' ? ['U0DEV'] : [])].includes(who),
    stages: () => [{ of: ['U0EVE'], needed: 1 }],
    expires: 20 * MINUTE,
    engineersOnly: false,
  },
  'team/lead': {
    max: () => HOUR,
    total: HOUR,
    atOnce: (_moment, _at, who, { duration }) => ['U0ANA', 'U0BEN'].includes(who) && duration <= 30 * MINUTE,
    stages: () => [{ of: ['U0EVE', 'U0CHLOE'], needed: 1 }],
    expires: 20 * MINUTE,
    engineersOnly: false,
  },
};

/** In which nothing is granted but to those who are excepted. */
export const RELEASE = { from: Date.UTC(2026, 0, 15, 12), to: Date.UTC(2026, 0, 15, 12, 40), except: 'S0DBA' };
export const MOST_AUTOMATIC = 2;
export const COOL_DOWN: Millis = 30 * MINUTE;
export const BREAK_GLASS_MAX: Millis = 30 * MINUTE;
export const LONGEST_ABSENCE: Millis = 30 * 24 * HOUR;
