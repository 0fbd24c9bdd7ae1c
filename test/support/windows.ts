import type { AnswerWindows } from '../../src/slack/kit/answerWindows.ts';

/** Nobody has a window open. */
export const noWindows: AnswerWindows = {
  follow: async () => false,
  refresh: async () => undefined,
  say: async () => false,
};
