import type { ApprovedBy, LedgerEvent } from './events.ts';
import type { EndReason } from './grant.ts';
import type { Named } from './person.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';

/** What happened to one request, from its first event to its last, for readers of the ledger. */
export interface Story {
  readonly requestId: string;
  readonly who: Named;
  /** The role given, which is narrower if a reviewer gave less. */
  readonly role: RoleKey;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly askedAt: Instant;
  /** Whether it asked to extend existing access. */
  readonly isExtension: boolean;
  readonly decision: StoryDecision;
  /** null if there was none, or not yet. */
  readonly access: StoryAccess | null;
  /** Numbers of its first and its last event. */
  readonly events: { readonly first: number; readonly last: number };
}

export type StoryDecision =
  | { readonly kind: 'waiting' | 'cancelled' | 'expired' }
  | {
      readonly kind: 'approved';
      readonly by: ApprovedBy;
      readonly approvers: readonly Named[];
    }
  /** `by` is null for the policy. */
  | { readonly kind: 'denied'; readonly by: Named | null };

export interface StoryAccess {
  /** null if it could not be given. */
  readonly from: Instant | null;
  /** When it ended, or is planned to. */
  readonly until: Instant;
  /** null if it has not ended. */
  readonly ended: EndReason | 'gone' | 'failed' | null;
  readonly isOverdue: boolean;
}

/**
 * @param events all of one request, oldest first
 * @returns null if its beginning is missing, because it is in an archive
 */
export function storyOf(events: readonly LedgerEvent[]): Story | null {
  const [first] = events;
  const last = events.at(-1);
  if (first?.type !== 'request.submitted' || !first.requestId || !last) return null;
  const { requester, role, duration, reason, incidentId } = first.payload;
  const begun: Story = {
    requestId: first.requestId,
    who: { slackId: requester.slackId, name: requester.name },
    role,
    duration,
    reason,
    incidentId,
    askedAt: first.at,
    isExtension: first.payload.extends !== null,
    decision: { kind: 'waiting' },
    access: null,
    events: { first: first.seq, last: last.seq },
  };
  return events.slice(1).reduce(goOn, begun);
}

function goOn(story: Story, event: LedgerEvent): Story {
  switch (event.type) {
    case 'request.changed':
      return { ...story, role: event.payload.to.role, duration: event.payload.to.duration };
    case 'request.approved':
      return { ...story, decision: { kind: 'approved', by: event.payload.by, approvers: event.payload.approvers } };
    case 'request.denied':
      return { ...story, decision: { kind: 'denied', by: event.payload.by === 'policy' ? null : actorOf(event) } };
    case 'request.cancelled':
      return { ...story, decision: { kind: 'cancelled' } };
    case 'request.expired':
      return { ...story, decision: { kind: 'expired' } };
    default:
      return { ...story, access: accessAfter(story.access, event) };
  }
}

function accessAfter(access: StoryAccess | null, event: LedgerEvent): StoryAccess | null {
  switch (event.type) {
    case 'grant.activated':
      return { from: event.at, until: event.payload.endsAt, ended: null, isOverdue: false };
    case 'grant.extended':
    case 'grant.shortened':
      return access && { ...access, until: event.payload.endsAt };
    case 'grant.overdue':
      return access && { ...access, isOverdue: true };
    case 'grant.ended':
      return access && { ...access, until: event.at, ended: event.payload.why, isOverdue: false };
    case 'grant.declared_gone':
      return access && { ...access, until: event.at, ended: 'gone', isOverdue: false };
    case 'grant.failed':
      return { from: access?.from ?? null, until: event.at, ended: 'failed', isOverdue: false };
    default:
      return access;
  }
}

const actorOf = ({ actor }: LedgerEvent): Named | null =>
  actor.kind === 'person' ? { slackId: actor.id, name: actor.name } : null;
