/** What the bot writes to PagerDuty, as work that follows from events: it pages people and adds notes to incidents. */

import type { LedgerEvent } from '../domain/events.ts';
import type { Request } from '../domain/request.ts';
import { durationText, type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import type { Job } from '../ports/jobs.ts';
import type { EventReader } from '../ports/ledger.ts';
import type { IncidentDesk } from '../ports/pagerDuty.ts';
import type { Store } from '../ports/store.ts';
import { ALARMS } from '../wording/reasons/alarms.ts';
import type { Deps } from './deps.ts';

/** The PagerDuty work that follows from an event; no notes if the bot has no user to write them as. */
export function pagerDutyJobs(event: LedgerEvent, { canWrite }: Pick<IncidentDesk, 'canWrite'>): Job[] {
  switch (event.type) {
    case 'request.escalated':
    case 'break_glass.invoked':
    case 'alarm.raised':
      return event.payload.page === null ? [] : [{ kind: 'page', key: String(event.seq), dueAt: event.at }];
    case 'grant.activated':
    case 'grant.ended':
      return canWrite ? [{ kind: 'note', key: String(event.seq), dueAt: event.at }] : [];
    default:
      return [];
  }
}

type TellDeps = Pick<Deps, 'incidents' | 'clock'> & {
  readonly store: Pick<Store, 'request' | 'record' | 'commit'>;
  readonly events: Pick<EventReader, 'get'>;
};

/** How often to check whether the reason for a page is settled. */
const LOOK_EVERY: Millis = MINUTE;

export async function page({ incidents, events, store, clock }: TellDeps, seq: string): Promise<null> {
  const event = await events.get(Number(seq));
  const wanted = event && pageFor(event);
  if (!wanted) return null;
  await incidents.page(wanted);
  await store.commit({ jobs: [{ kind: 'resolve_page', key: seq, dueAt: clock.now() + LOOK_EVERY }] });
  return null;
}

/** Resolves the incident that `page` opened, once its reason is settled. */
export async function resolvePage(
  { incidents, events, store, clock }: TellDeps,
  seq: string,
): Promise<{ notBefore: Instant } | null> {
  const event = await events.get(Number(seq));
  const opened = event && pageFor(event);
  if (!opened || (event.requestId === null && event.type !== 'alarm.raised')) return null;
  if (await isStillOpen(event, store)) return { notBefore: clock.now() + LOOK_EVERY };
  await incidents.resolve(opened.key);
  return null;
}

/** Whether the reason for the page still holds. */
async function isStillOpen(event: LedgerEvent, store: TellDeps['store']): Promise<boolean> {
  if (event.type === 'alarm.raised')
    return (await store.record('alarm', event.payload.alarm)).value?.since === event.payload.since;
  const request = event.requestId === null ? null : (await store.request(event.requestId))?.value;
  return request ? isOpen(event, request) : false;
}

/** Whether the request still waits for a decision, or the break-glass use for its review. */
const isOpen = ({ type }: LedgerEvent, request: Request): boolean =>
  type === 'break_glass.invoked'
    ? request.state === 'approved' && request.useReview !== null && request.useReview.verdict === null
    : request.state === 'pending';

/** The incident that pages somebody for an event; null if nobody is paged. */
function pageFor(event: LedgerEvent): Parameters<IncidentDesk['page']>[0] | null {
  if (event.type === 'request.escalated' && event.payload.page !== null)
    return {
      service: event.payload.page,
      title: `Access request waiting: ${event.payload.requester.name} asks for ${event.payload.role}`,
      details: `Nobody has decided request ${event.requestId} yet. Approve or deny it in the approvals channel in Slack.`,
      key: `jitbot-escalated-${event.seq}-${event.requestId}-${unguessable(event)}`,
    };
  if (event.type === 'alarm.raised' && event.payload.page !== null)
    return {
      service: event.payload.page,
      title: `jitbot: ${ALARMS[event.payload.alarm]}`,
      details: `${event.payload.problem}\nSee docs/runbooks.md of jitbot, under "${event.payload.alarm}".`,
      key: `jitbot-alarm-${event.payload.alarm}-${unguessable(event)}`,
    };
  if (event.type !== 'break_glass.invoked' || event.payload.page === null) return null;
  const { person, role, duration, reason, reviewer } = event.payload;
  return {
    service: event.payload.page,
    title: `Break-glass used: ${person.name} has ${role} for ${durationText(duration)}`,
    details: `Reason: ${reason}\nTo be reviewed by ${reviewer.name}. If this is not expected, end the access in Slack now.`,
    key: `jitbot-break-glass-${event.requestId}-${unguessable(event)}`,
  };
}

/** A guessable key would let somebody open an incident beforehand and block ours. */
const unguessable = ({ hash }: LedgerEvent): string => hash.slice(0, 32);

/** Adds a note to the request's incident that access began or ended. */
export async function note({ incidents, store, events }: TellDeps, seq: string): Promise<null> {
  const event = await events.get(Number(seq));
  if (!incidents.canWrite || !event?.requestId || (event.type !== 'grant.activated' && event.type !== 'grant.ended'))
    return null;
  const request = (await store.request(event.requestId))?.value;
  if (!request?.incidentId) return null;
  const { role, person } = event.payload;
  const text =
    event.type === 'grant.activated'
      ? `${person.name} has access to ${role} until ${new Date(event.payload.endsAt).toISOString()}.`
      : `${person.name} no longer has access to ${role}.`;
  await incidents.note(request.incidentId, text, `jitbot event ${event.seq}, request ${request.id}`);
  return null;
}
