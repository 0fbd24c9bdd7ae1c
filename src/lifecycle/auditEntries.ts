import type { LedgerEvent } from '../domain/events.ts';
import { type Story, storyOf } from '../domain/story.ts';
import type { EventSearch } from '../ports/ledger.ts';

/** One line of an audit answer: a request with all its events, or an event that belongs to no request. */
export interface Entry {
  /** null if the event belongs to no request. */
  readonly story: Story | null;
  /** Oldest first. */
  readonly events: readonly LedgerEvent[];
}

/**
 * Groups the events found by request, ordered by each request's latest event. All events of a request are included, also
 * those that the search did not find.
 * @param found oldest first
 * @param most how many entries to return at most: the newest
 */
export async function entriesOf(
  found: readonly LedgerEvent[],
  search: Pick<EventSearch, 'ofRequest'>,
  most: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const told = new Set<string>();
  for (const event of found.toReversed()) {
    if (entries.length === most) break;
    const { requestId } = event;
    if (requestId !== null && told.has(requestId)) continue;
    if (requestId === null) entries.push({ story: null, events: [event] });
    else {
      told.add(requestId);
      entries.push(await whole(requestId, event, search));
    }
  }
  return entries.reverse();
}

async function whole(requestId: string, event: LedgerEvent, search: Pick<EventSearch, 'ofRequest'>): Promise<Entry> {
  const events = await search.ofRequest(requestId);
  const story = readable(events);
  return story === null ? { story, events: events.length === 0 ? [event] : events } : { story, events };
}

/** @returns null if an event cannot be read, because somebody tampered with the database: the rest is still shown */
function readable(events: readonly LedgerEvent[]): Story | null {
  try {
    return storyOf(events);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
