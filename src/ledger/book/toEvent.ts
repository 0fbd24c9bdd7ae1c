import type { LedgerEvent } from '../../domain/events.ts';
import { BOT } from '../../domain/person.ts';
import type { EventRow } from './chain.ts';
import { jsonIn } from './jsonIn.ts';

/**
 * Turns a row into an event. A row that somebody made unreadable in the database becomes an event that
 * says so: it must not keep the others from being read, nor the bot from starting.
 * @param named replaces references with people's names
 */
export function toEvent(row: EventRow, named: <T>(stored: T) => T): LedgerEvent {
  const [actor, payload] = [objectIn(row.actor), objectIn(row.payload)];
  if (!actor || !payload) return { ...row, type: 'event.unreadable', actor: BOT, payload: { was: row.type } };
  // Written by book/apply.ts from these very types, or by an earlier version of it.
  return { ...row, actor: named(actor), payload: named(fromEarlier(payload)) } as LedgerEvent;
}

/** @returns null if the text is no JSON object */
function objectIn(text: string): Record<string, unknown> | null {
  const value = jsonIn(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** The first release wrote some people as a name alone. */
function fromEarlier(payload: Record<string, unknown>): Record<string, unknown> {
  const person = (value: unknown) => (typeof value === 'string' ? { slackId: '', name: value } : value);
  return {
    ...payload,
    ...('person' in payload && { person: person(payload.person) }),
    ...('requester' in payload && { requester: person(payload.requester) }),
    ...(typeof payload.from === 'string' && { from: person(payload.from) }),
    ...(Array.isArray(payload.approvers) && { approvers: payload.approvers.map(person) }),
  };
}
