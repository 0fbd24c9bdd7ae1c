import { ConfigError } from '../../config/configError.ts';
import { explainDecision, treeLines } from '../../domain/explain.ts';
import { findRole } from '../../domain/policy.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_EXPLAIN } from '../../wording/terminal/options.ts';
import { EXPLAINED } from '../../wording/terminal/policy.ts';
import { PROBLEMS } from '../../wording/terminal/problems.ts';
import { databasePath, policyPath } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import { print } from '../shown.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';
import { caseInput, casesBeside, readCases } from './cases.ts';

/** Shows one decision as a tree: of a case, or of a recorded request, under the current policy file. */
export async function run({ values, files }: Given<typeof POLICY_EXPLAIN>): Promise<number> {
  const path = policyPath(files);
  const { policy } = readPolicy(path);
  if ((values.case === undefined) === (values.request === undefined)) throw new UsageError(MISUSE.policyExplain);
  if (values.case !== undefined) {
    const file = readCases(values.cases ?? casesBeside(path));
    const found = file.cases.find(({ name }) => name === values.case);
    if (!found)
      throw new ConfigError(
        PROBLEMS.noCase(
          file.path,
          values.case,
          file.cases.map(({ name }) => name),
        ),
      );
    const { role, input } = caseInput(policy, found, file);
    print(treeLines(explainDecision(role, input)).join('\n'));
    return 0;
  }
  const [{ decisionsIn }, { openToRead }] = await Promise.all([
    import('../../ledger/history/decisions.ts'),
    import('../../ledger/open/toRead.ts'),
  ]);
  const ledger = await openToRead(databasePath(values.database));
  try {
    const recorded = [...decisionsIn(ledger, 0)].find(
      ({ requestId, type }) => requestId === values.request && type === 'request.submitted',
    );
    if (!recorded) throw new ConfigError(PROBLEMS.noRequest(`${values.request}`));
    const role = findRole(policy, recorded.role);
    if (!role) throw new ConfigError(PROBLEMS.roleGone(recorded.role));
    const sameFile = recorded.policyHash === policy.hash;
    const { requestId: id, seq, at, decision } = recorded;
    const lines = [
      EXPLAINED.request({ id, seq, at: new Date(at).toISOString(), effect: decision.effect }),
      ...(sameFile ? [] : [EXPLAINED.otherPolicy]),
      ...treeLines(explainDecision(role, recorded.input)),
    ];
    print(lines.join('\n'));
    return 0;
  } finally {
    ledger.close();
  }
}
