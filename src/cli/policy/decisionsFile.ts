/** The file that `jitbot policy decisions --export` writes. It comes from elsewhere when it is read, so all of it is checked. */

import { z } from 'zod';
import { ConfigError } from '../../config/configError.ts';
import { readTextFile } from '../../config/readFile.ts';
import { INCIDENT_STATUSES, URGENCIES } from '../../domain/incident.ts';
import { REQUEST_SIGNALS } from '../../domain/signals.ts';
import type { RecordedDecision } from '../../ledger/history/decisions.ts';
import { EXPORTED } from '../../wording/terminal/policy.ts';
import { FILES, PROBLEMS } from '../../wording/terminal/problems.ts';

const known = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('known', [
    z.object({ known: z.literal(true), value }),
    z.object({ known: z.literal(false), problem: z.string() }),
  ]);
const ref = z.object({ id: z.string(), name: z.string() });
const onCall = z.array(
  z.object({
    escalationPolicy: ref,
    services: z.array(ref),
    schedule: ref.nullable(),
    level: z.number(),
    start: z.number().nullable(),
    end: z.number().nullable(),
    isOverride: z.boolean().nullable(),
  }),
);
const incident = z.object({
  id: z.string(),
  number: z.number(),
  title: z.string(),
  status: z.enum(INCIDENT_STATUSES),
  urgency: z.enum(URGENCIES),
  priority: z.string().nullable(),
  service: ref,
  url: z.string(),
});
const moments = z.array(z.object({ role: z.string(), at: z.number() }));
const history = z.object({
  automatic: moments,
  denials: moments,
  holders: z.array(z.object({ role: z.string(), personId: z.string() })),
});
const removal = z.object({
  entitlement: z.string(),
  by: z.object({ slackId: z.string(), name: z.string() }),
  at: z.number(),
  review: z.string(),
});
const opa = z.object({
  decision: z.enum(['allow', 'ask', 'deny']),
  reasons: z.array(z.string()),
  reviewers: z.array(z.string()),
  needed: z.number(),
  max: z.number().nullable(),
});
const evidence = z.object({
  at: z.number(),
  onCall: known(onCall).nullable(),
  incident: known(incident).nullable(),
  groups: z.record(z.string(), known(z.boolean())),
  otherAccounts: z.array(z.string()).exactOptional(),
  othersOnCall: known(onCall).exactOptional(),
  history: known(history).nullable(),
  removals: known(z.array(removal)).nullable(),
  signals: known(z.array(z.object({ kind: z.enum(REQUEST_SIGNALS), facts: z.string() }))).nullable(),
  opa: known(opa).nullable(),
});
const input = z.object({
  at: z.number(),
  personId: z.string(),
  duration: z.number(),
  held: z.number().exactOptional(),
  evidence,
});

const decisionsFile = z.object({
  since: z.iso.datetime(),
  decisions: z.array(
    z.object({
      seq: z.number(),
      at: z.number(),
      requestId: z.string(),
      person: z.string(),
      role: z.string(),
      input,
      decision: z.object({ effect: z.string() }),
    }),
  ),
});

/** What deciding again needs of a recorded decision. */
export type ReplayedDecision = Pick<RecordedDecision, 'seq' | 'at' | 'requestId' | 'person' | 'role' | 'input'> & {
  readonly decision: { readonly effect: string };
};

export interface DecisionsFile {
  /** ISO 8601 */
  readonly since: string;
  readonly decisions: readonly ReplayedDecision[];
}

/** @throws ConfigError that names the file and the first place that is not as expected */
export function readDecisionsFile(path: string): DecisionsFile {
  const text = readTextFile(path, FILES.decisions);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(PROBLEMS.of(path, EXPORTED.notJson), { cause: error });
  }
  const read = decisionsFile.safeParse(given);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  const place = first?.path.join('.') || EXPORTED.file;
  throw new ConfigError(PROBLEMS.of(path, EXPORTED.mistake(place, `${first?.message}`)));
}
