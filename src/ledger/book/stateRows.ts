import { type Grant, isLive, type LiveGrant } from '../../domain/grant.ts';
import { mailboxOf } from '../../domain/person.ts';
import type { Request } from '../../domain/request.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Versioned } from '../../ports/store.ts';

/** A request as its row: the body, and what queries look for. */
export const requestRow = ({ value, version }: Versioned<Request>) => ({
  id: value.id,
  version,
  state: value.state,
  submissionKey: value.submissionKey,
  requester: value.requester.slackId,
  mailbox: mailboxOf(value.requester.email),
  role: value.role,
  bundle: value.bundle,
  reviewDue: unreviewedUntil(value),
  body: JSON.stringify(value),
});

const unreviewedUntil = (request: Request): Instant | null =>
  request.state === 'approved' && request.useReview?.verdict === null ? request.useReview.dueAt : null;

/** A grant as its row. */
export const grantRow = ({ value, version }: Versioned<Grant>) => ({
  id: value.id,
  version,
  state: value.state,
  requestId: value.requestId,
  person: value.person.slackId,
  mailbox: mailboxOf(value.person.email),
  role: value.role,
  resource: value.resourceId,
  body: JSON.stringify(value),
});

/** A state as it is stored in its row. */
export interface StoredRow {
  readonly version: number;
  readonly body: string;
}

// Only these functions make rows, from the types that they are read back as.
export const toRequest = (row: StoredRow | undefined): Versioned<Request> | null =>
  row ? { value: JSON.parse(row.body) as Request, version: row.version } : null;

export const toGrant = (row: StoredRow | undefined): Versioned<Grant> | null =>
  row ? { value: JSON.parse(row.body) as Grant, version: row.version } : null;

export const liveOnly = (loaded: Versioned<Grant> | null): Versioned<LiveGrant> | null =>
  loaded && isLive(loaded.value) ? { value: loaded.value, version: loaded.version } : null;
