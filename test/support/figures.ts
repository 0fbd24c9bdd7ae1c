import type { AccessSpan, Figures } from '../../src/domain/report.ts';
import { HOUR } from '../../src/domain/terms.ts';

/** Midnight, at which a period begins that is nothing special. */
export const MIDNIGHT = Date.UTC(2026, 0, 15);

/** Ana's, given at once an hour after midnight and over an hour later. */
export const aSpan = (more: Partial<AccessSpan> = {}): AccessSpan => ({
  grantId: 'G1',
  requestId: 'R1',
  role: 'db/read',
  person: { slackId: 'U0ANA', name: 'Ana' },
  approval: 'automatic',
  requestedAt: MIDNIGHT + HOUR,
  from: MIDNIGHT + HOUR,
  to: MIDNIGHT + 2 * HOUR,
  credential: false,
  seq: 1,
  ...more,
});

/** Of two days on which nothing happened. */
export const someFigures = (more: Partial<Figures> = {}): Figures => ({
  from: MIDNIGHT,
  to: MIDNIGHT + 48 * HOUR,
  head: { seq: 900, hash: 'abc' },
  spans: [],
  requests: 0,
  denied: [],
  reviews: [],
  overdue: [],
  unreviewed: [],
  drift: [],
  signals: [],
  canary: { passed: 0, failed: [] },
  ...more,
});
