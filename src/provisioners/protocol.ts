/**
 * The protocol with the team's own service or program: one JSON document each way. A webhook and a local command differ
 * only in the transport. docs/targets/webhook.md and command.md describe it.
 */

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import type { Millis } from '../domain/terms.ts';
import { OWN_FIELDS } from '../wording/targets/own.ts';
import { TARGET_FIELDS } from '../wording/targets/shared.ts';

export type Action = 'grant' | 'revoke' | 'status' | 'list' | 'remove' | 'check';

/** Maximum size of an answer, in bytes. */
export const MOST_ANSWER = 2_000_000;

/** Sends a document and returns the answer. @throws with the target's name */
export type Send = (action: Action, document: object, grantId: string | null) => Promise<string>;

/** The requests that change something. All others are questions about the current state. */
export const isAct = (action: Action): boolean => action === 'grant' || action === 'revoke' || action === 'remove';

export interface Manners {
  /** The target's name in errors. */
  readonly name: string;
  readonly sessions: Sessions;
  /** Whether it implements `list` and `remove`. */
  readonly lists: boolean;
  /** Whether it implements `check`. */
  readonly checks: boolean;
  /** How long after sending a request may still be carried out, in ms. 0 if an unanswered request is stopped. */
  readonly heldUpFor: Millis;
}

/** What happens to sessions when access ends, which only the target's operator knows. */
export const sessionsSchema = z
  .union([z.enum(['none', 'ended', 'until_closed']), z.string().regex(/^\d+[smhd]/)], {
    error: OWN_FIELDS.sessions,
  })
  .default('none')
  .transform((said, ctx): Sessions => {
    if (said === 'none') return said;
    if (said === 'ended') return 0;
    if (said === 'until_closed') return null;
    const ms = parseDuration(said);
    if (ms === null) ctx.addIssue({ code: 'custom', message: TARGET_FIELDS.noDuration(said) });
    return ms;
  });
type Sessions = 'none' | Millis | null;

/** The role's `grants` from the policy file. */
export type Grants = Record<string, unknown>;
