import type { WebClient } from '@slack/web-api';
import type { LedgerEvent } from '../../../domain/events.ts';
import type { Log } from '../../../ports/host.ts';
import type { EventSearch } from '../../../ports/ledger.ts';
import { slackProblem } from '../../link/clients.ts';

/** Links to the threads of requests, by request id. A request without reviewers has no thread. */
export async function linksTo(
  events: readonly LedgerEvent[],
  { client, search, log }: { client: WebClient; search: EventSearch; log: Pick<Log, 'warn'> },
): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const requestId of new Set(events.flatMap((event) => event.requestId ?? []))) {
    const card = await search.cardOf(requestId);
    if (!card) continue;
    try {
      const { permalink } = await client.chat.getPermalink({ channel: card.channel, message_ts: card.ts });
      if (permalink) links.set(requestId, permalink);
    } catch (error) {
      log.warn({ problem: slackProblem(error), requestId }, 'a link to a request could not be made');
    }
  }
  return links;
}
