import type { KnownBlock } from '@slack/types';
import type { USAGE } from '../../wording/commands.ts';
import type { SlackContext } from './context.ts';

/** A word after `/jit`. Each has an entry in commands.ts. */
export interface Command {
  /** The help shows the first. */
  readonly names: readonly string[];
  readonly words: (typeof USAGE)[keyof typeof USAGE];
  /** What to say if the command fails: what that means, and what to do. */
  readonly failed: string;
  /** Slack was already answered, so results go through `tell`. */
  readonly run: (call: Call) => Promise<void>;
}

export interface Call extends SlackContext {
  readonly personId: string;
  readonly triggerId: string;
  /** Unique for each typed command, and equal if Slack delivers it twice. */
  readonly callId: string;
  /** The text after the command's word. */
  readonly text: string;
  /** Sends a message that only this person sees. */
  readonly tell: (text: string, blocks?: KnownBlock[]) => Promise<void>;
}
