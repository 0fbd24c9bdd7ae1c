import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseDuration } from '../../domain/duration.ts';
import { withoutPeople } from '../../domain/pseudonyms.ts';
import { decisionsIn } from '../../ledger/history/decisions.ts';
import { openLedgerToRead } from '../../ledger/sqlite/open.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_DECISIONS } from '../../wording/terminal/options.ts';
import { EXPORTED } from '../../wording/terminal/policy.ts';
import { databasePath, policyPath } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';
import type { DecisionsFile } from './decisionsFile.ts';

const DEFAULT_SINCE = '90d';
/** 48 bits: two of a company's people do not come out the same. */
const PSEUDONYM_DIGITS = 12;

/** `jitbot policy decisions --export FILE`: what was decided, without people, for whoever reviews another policy. */
export async function run({ values, files }: Given<typeof POLICY_DECISIONS>): Promise<number> {
  if (files.length > 0) throw new UsageError(MISUSE.notUnderstood(files));
  if (values.export === undefined) throw new UsageError(MISUSE.exportDecisions);
  const period = parseDuration(values.since ?? DEFAULT_SINCE);
  if (period === null) throw new UsageError(MISUSE.notADuration('--since', `${values.since}`, '90d or 12h'));
  const { policy } = readPolicy(policyPath(values.policy === undefined ? [] : [values.policy]));
  const pseudonymOf = pseudonyms(new Set(policy.source.match(/\b[A-Z][A-Z0-9]{2,}\b/g)));
  const since = Date.now() - period;
  const ledger = openLedgerToRead(databasePath(values.database));
  try {
    const decisions = Array.from(decisionsIn(ledger, since), ({ seq, at, role, input, decision }) => {
      const without = withoutPeople(input, pseudonymOf);
      const { effect } = decision;
      return { seq, at, requestId: `#${seq}`, person: without.personId, role, input: without, decision: { effect } };
    });
    const document: DecisionsFile = { since: new Date(since).toISOString(), decisions };
    writeFileSync(values.export, `${JSON.stringify(document, null, 1)}\n`, { mode: 0o600 });
    process.stdout.write(`${EXPORTED.written(values.export, decisions.length)}\n`);
    return 0;
  } finally {
    ledger.close();
  }
}

/**
 * People and groups that the policy names stay, because its rules compare with them, and whoever
 * reads the file reads the policy as well. The key is made anew for each file and kept nowhere: two
 * files cannot be laid beside each other.
 */
function pseudonyms(named: ReadonlySet<string>): (id: string) => string {
  const key = randomBytes(32);
  return (id) =>
    named.has(id)
      ? id
      : `U${createHmac('sha256', key).update(id).digest('hex').slice(0, PSEUDONYM_DIGITS).toUpperCase()}`;
}
