/** The answers that a policy may give. Anything else is invalid, and an invalid answer never allows. */

import { z } from 'zod';
import { readDuration } from '../domain/duration.ts';
import type { OpaAnswer } from '../domain/evidence.ts';
import { type Known, known, unknown } from '../domain/terms.ts';
import { cut } from '../domain/text.ts';

const ttl = z.string().transform((text, ctx) => {
  const ms = readDuration(text);
  if (ms === null) ctx.addIssue({ code: 'custom', message: `"${text}" is no duration such as 60s or 1h` });
  return ms ?? 0;
});

/** The format of the well-known on-call policies: `{"allow": true, "ttl": "60s"}`. */
const classic = z.strictObject({ allow: z.boolean(), ttl: ttl.optional(), reason: z.string().optional() }).transform(
  ({ allow, ttl: max, reason }): OpaAnswer => ({
    decision: allow ? 'allow' : 'deny',
    reasons: reason ? [reason] : [],
    reviewers: [],
    needed: 1,
    max: max ?? null,
  }),
);

/** Nobody writes longer lists, so they are invalid. */
const MOST_ENTRIES = 100;

const own = z
  .strictObject({
    decision: z.enum(['allow', 'ask', 'deny']),
    reasons: z.array(z.string()).max(MOST_ENTRIES).default([]),
    reviewers: z
      .array(z.string().regex(/^[USW][A-Z0-9]{2,20}$/, 'expected the id of a Slack user or user group'))
      .max(MOST_ENTRIES)
      .default([]),
    needed: z.number().int().min(1).max(10).default(1),
    maximum: ttl.optional(),
  })
  .refine(({ decision, reviewers }) => decision !== 'ask' || reviewers.length > 0, 'ask without reviewers')
  .transform(({ maximum, ...answer }): OpaAnswer => ({ ...answer, max: maximum ?? null }));

const REASON_MAX = 300;

/** @param said the value of the rule, or undefined if it has none */
export function readAnswer(said: unknown): Known<OpaAnswer> {
  if (said === undefined || said === null)
    return unknown('Open Policy Agent has no answer to this: the rule is undefined');
  const isOwn = typeof said === 'object' && 'decision' in said;
  const parsed = (isOwn ? own : classic).safeParse(said);
  if (parsed.success)
    return known({ ...parsed.data, reasons: parsed.data.reasons.slice(0, 5).map((text) => cut(text, REASON_MAX)) });
  const [issue] = parsed.error.issues;
  return unknown(
    `Open Policy Agent answered in a form that is not understood (${issue?.path.join('.') || 'answer'}: ${issue?.message ?? ''})`,
  );
}
