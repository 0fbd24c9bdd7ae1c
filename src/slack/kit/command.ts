import type { KnownBlock } from '@slack/types';
import type { USAGE } from '../../wording/commands.ts';
import type { SlackContext } from './context.ts';

/** What a word after `/jit` does. One entry in commands.ts each. */
export interface Command {
  /** The first is the one that is shown. */
  readonly names: readonly string[];
  readonly words: (typeof USAGE)[keyof typeof USAGE];
  /** What is said where something on our side fails: what is so then, and what to do. */
  readonly failed: string;
  /** Slack has been answered already; what there is to say goes through `tell`. */
  readonly run: (call: Call) => Promise<void>;
}

export interface Call extends SlackContext {
  readonly personId: string;
  readonly triggerId: string;
  /** Unique per command that was typed; the same where Slack delivers it twice. */
  readonly callId: string;
  /** What stands after the command's own word. */
  readonly text: string;
  /** Says something that only this person sees. */
  readonly tell: (text: string, blocks?: KnownBlock[]) => Promise<void>;
}
