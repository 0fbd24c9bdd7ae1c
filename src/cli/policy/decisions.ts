import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../../config/env.ts';
import { parseDuration } from '../../domain/duration.ts';
import { pseudonymised } from '../../domain/pseudonyms.ts';
import { counted } from '../../domain/text.ts';
import { decisionsIn, type RecordedDecision } from '../../ledger/history/decisions.ts';
import { openLedgerToRead } from '../../ledger/sqlite/open.ts';
import type { POLICY_DECISIONS } from '../commandOptions.ts';
import { databasePath, policyPath, readPolicy } from '../options.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';

const DEFAULT_SINCE = '90d';
const PSEUDONYM_LENGTH = 12;

/** `jitbot policy decisions --export FILE`: what was decided, without people, for whoever reviews another policy. */
export async function run({ values, files }: Given<typeof POLICY_DECISIONS>): Promise<number> {
  if (files.length > 0) throw new UsageError(`not understood: ${files.join(' ')}`);
  if (values.export === undefined) throw new UsageError('--export names the file to write');
  const period = parseDuration(values.since ?? DEFAULT_SINCE);
  if (period === null) throw new UsageError(`--since ${values.since} is no duration such as 90d or 12h`);
  const { policy } = readPolicy(policyPath(values.policy === undefined ? [] : [values.policy]));
  const since = Date.now() - period;
  // A key of its own for each export, which nobody keeps: two exports cannot be laid beside each other.
  const key = randomBytes(32);
  const keeping = {
    policyText: policy.source,
    pseudonymOf: (text: string) => createHmac('sha256', key).update(text).digest('hex').slice(0, PSEUDONYM_LENGTH),
  };
  const ledger = openLedgerToRead(databasePath(values.database));
  try {
    const decisions = [...decisionsIn(ledger, since)].map(({ decision, ...one }) =>
      pseudonymised({ ...one, type: undefined, policyHash: undefined, decision: { effect: decision.effect } }, keeping),
    );
    const document = { since: new Date(since).toISOString(), decisions };
    writeFileSync(values.export, `${JSON.stringify(document, null, 1)}\n`, { mode: 0o600 });
    process.stdout.write(`${values.export}: ${counted(decisions.length, 'decision')}, without people.\n`);
    return 0;
  } finally {
    ledger.close();
  }
}

/** What deciding again needs. The rest of an input is as this version, or an earlier one, wrote it. */
const exportSchema = z.object({
  since: z.string(),
  decisions: z.array(
    z.object({
      seq: z.number(),
      at: z.number(),
      requestId: z.string(),
      person: z.string(),
      role: z.string(),
      input: z.looseObject({ at: z.number(), personId: z.string(), duration: z.number(), evidence: z.looseObject({}) }),
      decision: z.object({ effect: z.string() }),
    }),
  ),
});

export interface Exported {
  readonly since: string;
  readonly decisions: readonly RecordedDecision[];
}

/** @throws ConfigError */
export function readDecisions(path: string): Exported {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read as JSON`, { cause: error });
  }
  const read = exportSchema.safeParse(given);
  if (!read.success)
    throw new ConfigError(
      `${path}: is not what jitbot policy decisions --export writes (${read.error.issues[0]?.path.join('.')})`,
    );
  // Written above from these very types.
  return read.data as unknown as Exported;
}
