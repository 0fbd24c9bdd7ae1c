import type { LedgerEvent } from '../domain/events.ts';
import { type Story, storyOf } from '../domain/story.ts';
import type { EventSearch } from '../ports/ledger.ts';

/** One line of an answer from the record: a request with all of its events, or an event that is about none. */
export interface Entry {
  /** null: an event by itself. */
  readonly story: Story | null;
  /** Oldest first. */
  readonly events: readonly LedgerEvent[];
}

/**
 * What was found, by request, in the order in which each last went on. A request is shown whole, also what was not looked for.
 * @param found oldest first
 * @param most entries, the newest
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

/** What somebody bent in the database keeps nothing else from being shown. */
function readable(events: readonly LedgerEvent[]): Story | null {
  try {
    return storyOf(events);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
