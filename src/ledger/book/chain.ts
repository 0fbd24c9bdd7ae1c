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
export function hashEvent(row: Omit<EventRow, 'hash'>): string {
  const { prevHash, seq, at, type, actor, requestId, grantId, payload } = row;
  return hash(
    'sha256',
    `${prevHash}\n${seq}\n${at}\n${type}\n${actor}\n${requestId ?? ''}\n${grantId ?? ''}\n${payload}`,
  );
}
