import type { ModalView } from '@slack/types';
import type { Refusal } from '../../domain/refusal.ts';
import type { RoleKey } from '../../domain/terms.ts';

/** A window that answers a form, and what it is about. */
export interface AnswerWindow {
  readonly viewId: string;
  readonly requestIds: readonly string[];
  readonly refused: readonly { readonly role: RoleKey; readonly refusal: Refusal }[];
}

/** Windows that said what became of a request. As long as one is open, it goes on to show the access itself. */
export interface AnswerWindows {
  /**
   * Shows an answer, and from then on what becomes of the requests.
   * @returns whether Slack took it; not where the window is closed
   */
  follow(window: AnswerWindow, first: ModalView): Promise<boolean>;
  /** The window of a request, where one is open, is brought up to date. */
  refresh(requestId: string): Promise<void>;
  /** Says something in one of these windows. @returns false where it is none of them, or closed */
  say(viewId: string, word: string): Promise<boolean>;
}
