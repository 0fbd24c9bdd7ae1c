import { CANARY_ID } from '../../domain/canary.ts';
import { type EventType, type LedgerEvent, subjectOf } from '../../domain/events.ts';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { Job } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import { isForOthers, isForRequester } from './audience.ts';

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
