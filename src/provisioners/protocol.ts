/**
 * What the bot says to a team's own service or program, and what it wants to hear: one JSON document each way. A webhook
 * and a local command differ only in how it travels. docs/targets/webhook.md and command.md describe it.
 */

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import type { Millis } from '../domain/terms.ts';

export type Action = 'grant' | 'revoke' | 'status' | 'list' | 'remove' | 'check';

/** Longer answers are not read. In bytes. */
export const MOST_ANSWER = 2_000_000;

/** Carries one document there and one back. @throws what kept it from doing so, with the target's name */
export type Send = (action: Action, document: object, grantId: string | null) => Promise<string>;

/** What changes something. Everything else is a question, and has to be answered from what is so now. */
export const isAct = (action: Action): boolean => action === 'grant' || action === 'revoke' || action === 'remove';

export interface Manners {
  /** Shown to people in errors. */
  readonly name: string;
  readonly sessions: Sessions;
  /** Whether it can say who holds what. */
  readonly lists: boolean;
  /** Whether it can say if everything it needs is there. */
  readonly checks: boolean;
  /** How long after it was sent a request may still be carried out. 0: what was not answered was stopped. */
  readonly heldUpFor: Millis;
}

/** What becomes of sessions when access ends, which only whoever runs the target knows. */
export const sessionsSchema = z
  .union([z.enum(['none', 'ended', 'until_closed']), z.string().regex(/^\d+[smhd]/)], {
    error: 'expected none, ended, until_closed, or how long they live on, such as 1h',
  })
  .default('none')
  .transform((said, ctx): Sessions => {
    if (said === 'none') return said;
    if (said === 'ended') return 0;
    if (said === 'until_closed') return null;
    const ms = parseDuration(said);
    if (ms === null) ctx.addIssue({ code: 'custom', message: `"${said}" is no duration such as 30m or 1h` });
    return ms;
  });
type Sessions = 'none' | Millis | null;

/** What a role gives there, as the policy file says it. */
export type Grants = Record<string, unknown>;
