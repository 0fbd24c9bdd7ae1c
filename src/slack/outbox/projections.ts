/** Slack's messages, made from what the ledger and the states say. Jobs carry them, so they survive restarts. */

import type { JobHandler } from '../../ports/jobs.ts';
import { auditProjection } from './auditProjection.ts';
import { cardProjection } from './cards.ts';
import { noticeProjection, reminderProjection } from './notices.ts';
import { ownerCardProjection } from './ownerCards.ts';
import type { ProjectionDeps } from './projectionDeps.ts';
import { refreshing } from './refreshNotices.ts';

export type Projections = Record<'card' | 'notify' | 'remind' | 'audit' | 'reviewCards', JobHandler>;

export function projections(deps: ProjectionDeps): Projections {
  const refresh = refreshing(deps);
  return {
    card: cardProjection(deps, refresh),
    notify: noticeProjection(deps, refresh),
    remind: reminderProjection(deps, refresh),
    audit: auditProjection(deps),
    reviewCards: ownerCardProjection(deps),
  };
}
