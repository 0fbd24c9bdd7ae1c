/** What the model remembers: each request and grant as events have told it so far. */

import type { EventType } from '../../../src/domain/events.ts';
import type { Instant, Millis } from '../../../src/domain/terms.ts';
import type { Past } from '../past.ts';

export interface Told {
  readonly seq: number;
  readonly at: Instant;
  readonly type: EventType;
  readonly requestId: string | null;
  readonly grantId: string | null;
  /** null: the bot itself. */
  readonly actor: string | null;
  readonly said: Readonly<Record<string, unknown>>;
}

export interface RequestFile {
  readonly id: string;
  readonly requester: string;
  role: string;
  duration: Millis;
  readonly extends: string | null;
  readonly incidentId: string | null;
  readonly startsAt: Instant | null;
  readonly submittedAt: Instant;
  state: 'open' | 'approved' | 'scheduled' | 'closed';
  /** Who said yes, in whose place, when. */
  readonly yes: { readonly by: string; readonly for: string | null; readonly at: Instant }[];
  isEscalated: boolean;
  /** What it was before a reviewer made it less: who decided about that still may. */
  readonly wanted: string;
  approvedBy: 'policy' | 'reviewers' | 'break_glass' | null;
}

export interface GrantFile {
  readonly id: string;
  readonly request: RequestFile;
  readonly person: string;
  readonly role: string;
  state: 'provisioning' | 'active' | 'revoking' | 'overdue' | 'over';
  /** As people were told. */
  endsAt: Instant;
  /** By extensions. */
  added: Millis;
  /** The last of them. null: there was none. */
  lastExtension: { readonly at: Instant; readonly by: Millis } | null;
  /** Who said yes to it, or to the last extension. */
  restsOn: RequestFile['approvedBy'];
  /** Where they were on call when it was given or made longer. */
  levels: readonly number[];
  why: string | null;
}

export interface Book {
  readonly requests: Map<string, RequestFile>;
  readonly grants: Map<string, GrantFile>;
  readonly delegations: Map<string, { to: string; until: Instant; from: Instant }[]>;
  /** By human: when they got the role at once. */
  readonly automatic: { id: string; human: string; role: string; at: Instant }[];
  /** Roles that an owner took a rule out of: what they give is less than policy.yaml says. */
  readonly narrowed: Set<string>;
  readonly denials: { human: string; role: string; at: Instant }[];
}

export const emptyBook = (): Book => ({
  requests: new Map(),
  grants: new Map(),
  delegations: new Map(),
  automatic: [],
  narrowed: new Set(),
  denials: [],
});

/** What everything in the model works with. */
export interface Around {
  readonly past: Past;
  readonly book: Book;
  readonly must: (holds: boolean, otherwise: () => string) => void;
  /** Whether nothing could be written at some time: then a grant can be over before it was recorded to be ending. */
  readonly sawUnwritable: () => boolean;
  /** When Slack, PagerDuty or a target was last kept from answering. */
  readonly troubledAt: () => Instant;
  /** Whether a target holds what a grant gives, where it can be told from what others give. */
  readonly isHeld: (grantId: string) => boolean;
}

/** Checks of one kind of event each. */
export type Looks = Partial<Record<EventType, (event: Told) => void>>;

export const asId = (said: Told['said'], field: string): string =>
  (said[field] as { slackId?: string } | undefined)?.slackId ?? '';

export function requestOf({ book, must }: Around, { seq, requestId }: Told): RequestFile {
  const found = book.requests.get(requestId ?? '');
  must(found !== undefined, () => `event ${seq} is about ${requestId}, which nobody asked for`);
  return found as RequestFile;
}

export function grantOf({ book, must }: Around, { seq, grantId }: Told): GrantFile {
  const found = book.grants.get(grantId ?? '');
  must(found !== undefined, () => `event ${seq} is about ${grantId}, which was never begun`);
  return found as GrantFile;
}

/** What a grant lasts with all that was added. @returns null if there is none of this id */
/** The same, as somebody may have seen it who asked while it was being made longer. */
export function leastDuration(book: Book, id: string, since: Instant): Millis | null {
  const now = grantDuration(book, id);
  const last = book.grants.get(id)?.lastExtension ?? null;
  return now !== null && last !== null && last.at >= since ? now - last.by : now;
}

export function grantDuration({ grants }: Book, id: string): Millis | null {
  const grant = grants.get(id);
  return grant ? grant.request.duration + grant.added : null;
}
