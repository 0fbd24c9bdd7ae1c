/** Names for people and groups of whom an event has only the ids. Only for reading: no decision uses them. */

import type { EventType, LedgerEvent } from '../domain/events.ts';
import type { Principal } from '../domain/policy.ts';
import { mapTexts, type Sentence } from './pieces.ts';

export type Names = ReadonlyMap<Principal, string>;

/** Events whose words name people and groups by id: those of the policy, and what Slack says of a message. Whoever was erased stays without a name. */
const BY_ID: ReadonlySet<EventType> = new Set([
  'policy.loaded',
  'request.submitted',
  'request.denied',
  'request.escalated',
  'access_review.answered',
  'channel.forged',
]);
const ID = /\b[SUW](?=[A-Z]*\d)[A-Z0-9]{3,}\b/g;

/** Ids whose names are worth asking for. */
export function principalsIn(events: readonly LedgerEvent[]): Principal[] {
  const texts = events.filter(({ type }) => BY_ID.has(type)).map(readableWords);
  return [...new Set(texts.flatMap((text) => text.match(ID) ?? []))];
}

/** Somebody who changed an event in the database must not keep the others from being shown. */
function readableWords(event: LedgerEvent): string {
  try {
    return wordsOf(event) ?? '';
  } catch (error) {
    if (error instanceof TypeError) return '';
    throw error;
  }
}

/** @returns undefined, or throws, for an event that was changed */
function wordsOf(event: LedgerEvent): string | undefined {
  switch (event.type) {
    case 'policy.loaded':
      return event.payload.changes.join(' ');
    case 'request.submitted':
      return event.payload.decision.reasons.join(' ');
    case 'request.denied':
      return event.payload.reasons.join(' ');
    case 'request.escalated':
      return event.payload.passedOver.map(({ why }) => why).join(' ');
    case 'access_review.answered':
      return event.payload.entitlement;
    case 'channel.forged':
      return event.payload.user;
    default:
      return '';
  }
}

/** `@dba (S0DBA)` in place of `S0DBA`. */
export const withNames = ({ type }: LedgerEvent, sentence: Sentence, names: Names): Sentence =>
  BY_ID.has(type)
    ? mapTexts(sentence, (text) =>
        text.replace(ID, (id) => {
          const name = names.get(id);
          return name === undefined ? id : `${name} (${id})`;
        }),
      )
    : sentence;
