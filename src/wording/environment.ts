import { type Sentence, say } from './pieces.ts';

/** How a bot that is not production names its environment, on every message and on Home. */
export const ENVIRONMENT = {
  /** Before the text of a notification. */
  inText: (name: string): Sentence => say`[${name}] `,
  line: (name: string): Sentence => say`:construction: Environment: *${name}*`,
} as const;
