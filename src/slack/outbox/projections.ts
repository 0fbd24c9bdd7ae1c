/** Slack's messages, made from what the ledger and the states say. Jobs carry them, so they survive restarts. */

import { CANARY_ID } from '../../domain/canary.ts';
import { type EventType, type LedgerEvent, subjectOf } from '../../domain/events.ts';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { Job, JobHandler } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import { isForOthers, isForRequester } from './audience.ts';
import { auditProjection } from './auditProjection.ts';
import { cardProjection } from './cards.ts';
import { noticeProjection, reminderProjection } from './notices.ts';
import { ownerCardProjection } from './ownerCards.ts';
import type { ProjectionDeps } from './projectionDeps.ts';
import { refreshing } from './refreshNotices.ts';

/** The messages that follow from an event. */
export function messageJobs(event: LedgerEvent): Job[] {
  if (subjectOf(event)?.slackId === CANARY_ID) return canaryMessages(event);
  const jobs: Job[] = [{ kind: 'audit', key: JOB_KEYS.auditChannel, dueAt: event.at }];
  if (event.requestId && event.type !== 'credential.issued' && !event.type.startsWith('canary.'))
    jobs.push({ kind: 'card', key: event.requestId, dueAt: event.at });
  if ((event.requestId && isForRequester(event)) || isForOthers(event))
    jobs.push({ kind: 'notify', key: String(event.seq), dueAt: event.at });
  return jobs;
}

/** So long its routine waits for its result, so that a whole run is one message. */
const RUN_OF_CANARY: Millis = 30 * SECOND;
const GOES_WRONG: ReadonlySet<EventType> = new Set(['grant.overdue', 'grant.failed', 'grant.stranded']);

/** It reads no messages; the audit channel shows all of it. */
const canaryMessages = ({ type, at }: LedgerEvent): Job[] => [
  { kind: 'audit', key: JOB_KEYS.auditChannel, dueAt: GOES_WRONG.has(type) ? at : at + RUN_OF_CANARY },
];

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
