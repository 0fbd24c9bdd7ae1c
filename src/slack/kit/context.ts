import type { WebClient } from '@slack/web-api';
import type { Deps } from '../../lifecycle/deps.ts';
import type { EventSearch } from '../../ports/ledger.ts';
import type { AnswerWindows } from './answerWindows.ts';

/** What every listener works with. */
export interface SlackContext {
  readonly deps: Deps;
  /** For people who wait: short deadlines, nothing queued. */
  readonly client: WebClient;
  readonly search: EventSearch;
  /** Windows that answered a request, and show the access. */
  readonly windows: AnswerWindows;
  /** Shows somebody their Home as things stand now, with a word on what they just did. */
  readonly showHome: (slackId: string, word?: string) => Promise<void>;
}
