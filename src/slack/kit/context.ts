import type { WebClient } from '@slack/web-api';
import type { Deps } from '../../lifecycle/deps.ts';
import type { EventSearch } from '../../ports/ledger.ts';
import type { AnswerWindows } from './answerWindows.ts';

/** What every listener works with. */
export interface SlackContext {
  readonly deps: Deps;
  /** For calls that people wait for: short deadlines, no queue. */
  readonly client: WebClient;
  readonly search: EventSearch;
  /** Open windows that answered a request. */
  readonly windows: AnswerWindows;
  /** Shows a person their current Home, with the result of what they just did. */
  readonly showHome: (slackId: string, word?: string) => Promise<void>;
}
