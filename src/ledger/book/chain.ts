import { hash } from 'node:crypto';

/** An event as it is stored in its row. */
export type EventRow = {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly actor: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly payload: string;
  readonly prevHash: string;
  readonly hash: string;
};

/** The columns of a row, for SELECT. */
export const EVENT_COLUMNS =
  'seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash';

/** The hash before the first event. */
export const GENESIS_HASH = '0'.repeat(64);

/**
 * The hash of an event: SHA-256 over its fields, one per line, starting with the previous event's hash. No field
 * can hold a line break (actor and payload are canonical JSON, RFC 8785), so no two events share their bytes.
 */
export const hashEvent = (row: Omit<EventRow, 'hash'>): string => hashText(hashedText(row));

export const hashText = (text: string): string => hash('sha256', text);

/** The text that an event's hash is computed over. */
export function hashedText({ prevHash, seq, at, type, actor, requestId, grantId, payload }: HashedFields): string {
  return `${prevHash}\n${seq}\n${at}\n${type}\n${actor}\n${requestId ?? ''}\n${grantId ?? ''}\n${payload}`;
}

type HashedFields = Omit<EventRow, 'hash'>;

/** The same text as an SQL expression: SQLite then returns one string per row, which is faster than joining seven here. */
export const HASHED_TEXT = `prev_hash || char(10) || seq || char(10) || at || char(10) || type || char(10) || actor || char(10) ||
  ifnull(request_id, '') || char(10) || ifnull(grant_id, '') || char(10) || payload`;

/** Takes the actor and the payload out of that text, as JSON. */
export function jsonInText(text: string): { readonly actor: string; readonly payload: string } {
  const lines = text.split('\n');
  return { actor: lines[4] ?? '', payload: lines[7] ?? '' };
}
