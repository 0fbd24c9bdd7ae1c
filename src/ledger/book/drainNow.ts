import { type Drain, isDraining } from '../../domain/drain.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Overview } from '../../ports/overview.ts';

/** A drain without an end becomes null, because JSON has no infinity. */
export const drainNow = (drain: Drain | null, now: Instant): Overview['drain'] =>
  isDraining(drain, now) ? { until: Number.isFinite(drain.until) ? drain.until : null } : null;
