import type { ModalView } from '@slack/types';
import type { Refusal } from '../../domain/refusal.ts';
import type { RoleKey } from '../../domain/terms.ts';

/** A window that answers a form, with its requests. */
export interface AnswerWindow {
  readonly viewId: string;
  readonly requestIds: readonly string[];
  readonly refused: readonly { readonly role: RoleKey; readonly refusal: Refusal }[];
}

/** Windows that answered a request. An open one is updated until it shows the access itself. */
export interface AnswerWindows {
  /** Shows an answer, and updates it as the requests proceed. @returns false if the window is closed */
  follow(window: AnswerWindow, first: ModalView): Promise<boolean>;
  /** Updates the open window of a request, if there is one. */
  refresh(requestId: string): Promise<void>;
  /** Shows a result in one of these windows. @returns false if it is closed or not one of them */
  say(viewId: string, word: string): Promise<boolean>;
}
