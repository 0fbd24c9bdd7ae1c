import { ConfigError } from '../../config/configError.ts';
import { explainDecision, treeLines } from '../../domain/explain.ts';
import { findRole } from '../../domain/policy.ts';
import type { POLICY_EXPLAIN } from '../commandOptions.ts';
import { databasePath, policyPath } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';
import { caseInput, casesBeside, readCases } from './cases.ts';

/** One decision as a tree: of a case, or of a request that was recorded, under the policy file as it is now. */
export async function run({ values, files }: Given<typeof POLICY_EXPLAIN>): Promise<number> {
  const path = policyPath(files);
  const { policy } = readPolicy(path);
  if ((values.case === undefined) === (values.request === undefined))
    throw new UsageError('say which: --case NAME or --request ID');
  if (values.case !== undefined) {
    const file = readCases(values.cases ?? casesBeside(path));
    const found = file.cases.find(({ name }) => name === values.case);
    if (!found)
      throw new ConfigError(
        `${file.path}: there is no case "${values.case}"; there are: ${file.cases.map(({ name }) => name).join(', ')}`,
      );
    const { role, input } = caseInput(policy, found, file);
    process.stdout.write(`${treeLines(explainDecision(role, input)).join('\n')}\n`);
    return 0;
  }
  const [{ decisionsIn }, { openLedgerToRead }] = await Promise.all([
    import('../../ledger/history/decisions.ts'),
    import('../../ledger/sqlite/open.ts'),
  ]);
  const ledger = openLedgerToRead(databasePath(values.database));
  try {
    const recorded = [...decisionsIn(ledger, 0)].find(
      ({ requestId, type }) => requestId === values.request && type === 'request.submitted',
    );
    if (!recorded) throw new ConfigError(`the ledger has no request ${values.request}`);
    const role = findRole(policy, recorded.role);
    if (!role) throw new ConfigError(`the policy file no longer has ${recorded.role}`);
    const sameFile = recorded.policyHash === policy.hash;
    process.stdout.write(
      `Request ${recorded.requestId}, event ${recorded.seq}, ${new Date(recorded.at).toISOString()}: ${recorded.decision.effect}.\n${sameFile ? '' : 'The policy file has changed since; this is how it decides the same now:\n'}${treeLines(explainDecision(role, recorded.input)).join('\n')}\n`,
    );
    return 0;
  } finally {
    ledger.close();
  }
}
