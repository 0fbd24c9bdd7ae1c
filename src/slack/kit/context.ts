import type { WebClient } from '@slack/web-api';
import type { Deps } from '../../lifecycle/deps.ts';
import type { EventSearch } from '../../ports/ledger.ts';

/** What every listener works with. */
export interface SlackContext {
  readonly deps: Deps;
  /** For people who wait: short deadlines, nothing queued. */
  readonly client: WebClient;
  readonly search: EventSearch;
  /** Shows somebody their Home as things stand now, with a word on what they just did. */
  readonly showHome: (slackId: string, word?: string) => Promise<void>;
}
