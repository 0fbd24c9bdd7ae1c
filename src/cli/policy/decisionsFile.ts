/** The file that `jitbot policy decisions --export` writes. It comes from elsewhere when it is read, so all of it is checked. */

import { z } from 'zod';
import { ConfigError } from '../../config/configError.ts';
import { readTextFile } from '../../config/readFile.ts';
import { INCIDENT_STATUSES, URGENCIES } from '../../domain/incident.ts';
import { REQUEST_SIGNALS } from '../../domain/signals.ts';
import { HOUR } from '../../domain/terms.ts';
import type { RecordedDecision } from '../../ledger/history/decisions.ts';
import { EXPORTED } from '../../wording/terminal/policy.ts';
import { FILES, PROBLEMS } from '../../wording/terminal/problems.ts';

/** Longer texts, and numbers out of all bounds, are none that the command wrote. */
const MOST_CHARACTERS = 1_000;
const BEFORE_2100 = Date.UTC(2100, 0, 1);
const isInstant = (at: number): boolean => Number.isInteger(at) && at >= 0 && at < BEFORE_2100;
const TEN_YEARS = 3_650 * 24 * HOUR;

const text = z
  .string()
  .max(MOST_CHARACTERS)
  .regex(/^\P{C}*$/u, EXPORTED.unreadable);
const instant = z.number().refine(isInstant, EXPORTED.noTime);
const millis = z.int().min(0).max(TEN_YEARS);
const count = z.int().min(0).max(1_000);

const known = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('known', [
    z.object({ known: z.literal(true), value }),
    z.object({ known: z.literal(false), problem: text }),
  ]);
const ref = z.object({ id: text, name: text });
const onCall = z.array(
  z.object({
    escalationPolicy: ref,
    services: z.array(ref),
    schedule: ref.nullable(),
    level: count,
    start: instant.nullable(),
    end: instant.nullable(),
    isOverride: z.boolean().nullable(),
  }),
);
const incident = z.object({
  id: text,
  number: z.int().min(0),
  title: text,
  status: z.enum(INCIDENT_STATUSES),
  urgency: z.enum(URGENCIES),
  priority: text.nullable(),
  service: ref,
  url: text,
});
const moments = z.array(z.object({ role: text, at: instant }));
const history = z.object({
  automatic: moments,
  denials: moments,
  holders: z.array(z.object({ role: text, personId: text })),
});
const removal = z.object({
  entitlement: z.string(),
  by: z.object({ slackId: text, name: text }),
  at: instant,
  review: text,
});
/** Those that rules come to: break-glass and the canary are decided by none. */
const effect = z.enum(['allow', 'ask', 'deny']);
const opa = z.object({
  decision: effect,
  reasons: z.array(text),
  reviewers: z.array(text),
  needed: count,
  max: millis.nullable(),
});
const evidence = z.object({
  at: instant,
  onCall: known(onCall).nullable(),
  incident: known(incident).nullable(),
  groups: z.record(text, known(z.boolean())),
  otherAccounts: z.array(text).exactOptional(),
  othersOnCall: known(onCall).exactOptional(),
  history: known(history).nullable(),
  removals: known(z.array(removal)).nullable(),
  signals: known(z.array(z.object({ kind: z.enum(REQUEST_SIGNALS), facts: text }))).nullable(),
  opa: known(opa).nullable(),
});
const input = z.object({
  at: instant,
  personId: text,
  duration: millis,
  held: millis.exactOptional(),
  evidence,
});

const recorded = z.object({
  seq: z.int().min(1),
  at: instant,
  requestId: text,
  person: text,
  role: text,
  input,
  decision: z.object({ effect }),
});
/** By its number a decision is found again in what two policies make of the file. */
const isInOrder = (all: readonly { readonly seq: number }[]): boolean =>
  all.every(({ seq }, at) => seq > (all[at - 1]?.seq ?? 0));

const decisionsFile = z.object({
  since: z.iso.datetime(),
  decisions: z.array(recorded).refine(isInOrder, EXPORTED.order),
});

/** What deciding again needs of a recorded decision. */
export type ReplayedDecision = Pick<RecordedDecision, 'seq' | 'at' | 'requestId' | 'person' | 'role' | 'input'> & {
  readonly decision: { readonly effect: z.output<typeof effect> };
};

/** Whether rules came to it, so that other rules could come to something else. */
export const isByRules = (recorded: RecordedDecision): recorded is RecordedDecision & ReplayedDecision =>
  effect.safeParse(recorded.decision.effect).success;

export interface DecisionsFile {
  /** ISO 8601 */
  readonly since: string;
  readonly decisions: readonly ReplayedDecision[];
}

/** @throws ConfigError that names the file and the first place that is not as expected */
export function readDecisionsFile(path: string): DecisionsFile {
  const source = readTextFile(path, FILES.decisions);
  let given: unknown;
  try {
    given = JSON.parse(source);
  } catch (error) {
    throw new ConfigError(PROBLEMS.of(path, EXPORTED.notJson), { cause: error });
  }
  const read = decisionsFile.safeParse(given);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  const place = first?.path.join('.') || EXPORTED.file;
  throw new ConfigError(PROBLEMS.of(path, EXPORTED.mistake(place, `${first?.message}`)));
}
