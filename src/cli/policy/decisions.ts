import { parseDuration } from '../../domain/duration.ts';
import { idsOf, type PolicyIds, stepOf, withoutPeople } from '../../domain/pseudonyms.ts';
import { decisionsIn } from '../../ledger/history/decisions.ts';
import { openToRead } from '../../ledger/open/toRead.ts';
import type { OpenLedger } from '../../ledger/sqlite/open.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_DECISIONS } from '../../wording/terminal/options.ts';
import { EXPORTED } from '../../wording/terminal/policy.ts';
import { writeNewFile } from '../newFile.ts';
import { databasePath, policyPath } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';
import { type DecisionsFile, isByRules } from './decisionsFile.ts';

const DEFAULT_SINCE = '90d';

/** `jitbot policy decisions --export FILE`: what was decided, without people, for whoever reviews another policy. */
export async function run({ values, files }: Given<typeof POLICY_DECISIONS>): Promise<number> {
  if (files.length > 0) throw new UsageError(MISUSE.notUnderstood(files));
  if (values.export === undefined) throw new UsageError(MISUSE.exportDecisions);
  const period = parseDuration(values.since ?? DEFAULT_SINCE);
  if (period === null) throw new UsageError(MISUSE.notADuration('--since', `${values.since}`, '90d or 12h'));
  const { policy } = readPolicy(policyPath(values.policy === undefined ? [] : [values.policy]));
  const since = Date.now() - period;
  const ledger = await openToRead(databasePath(values.database));
  try {
    const decisions = withoutPeopleIn(ledger, since, idsOf(policy));
    const document: DecisionsFile = { since: new Date(stepOf(since)).toISOString(), decisions };
    writeNewFile(values.export, `${JSON.stringify(document, null, 1)}\n`);
    process.stdout.write(`${EXPORTED.written(values.export, decisions.length)}\n`);
    return 0;
  } finally {
    ledger.close();
  }
}

/** Numbered anew: those of events lead to people for whoever reads the audit channel. */
const withoutPeopleIn = (ledger: OpenLedger, since: number, ids: PolicyIds): DecisionsFile['decisions'] =>
  decisionsIn(ledger, since)
    .filter(isByRules)
    .map(({ role, input, decision: { effect } }, index) => {
      const without = withoutPeople(input, ids);
      const { at, personId: person } = without;
      return { seq: index + 1, at, requestId: `#${index + 1}`, person, role, input: without, decision: { effect } };
    })
    .toArray();
