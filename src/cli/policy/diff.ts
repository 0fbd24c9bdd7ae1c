import { policyChanges } from '../../domain/policyChanges.ts';
import { differencesOf, sampledOf } from '../../domain/policyDiff.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_DIFF } from '../../wording/terminal/options.ts';
import { COMPARED } from '../../wording/terminal/policy.ts';
import { readPolicy } from '../readPolicy.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';

/** Exit codes: 0 nothing changes in meaning, 1 something does, 2 it could not be compared. */
export async function run({ values, files }: Given<typeof POLICY_DIFF>): Promise<number> {
  const [oldPath, newPath] = files;
  if (!oldPath || !newPath || files.length > 2) throw new UsageError(MISUSE.policyDiff);
  const [before, after] = [readPolicy(oldPath).policy, readPolicy(newPath).policy];
  const differences = differencesOf(before, after);
  const changes = policyChanges(before, after);
  const sampled = sampledOf(before, after);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ differences, changes, sampled }, null, 2)}\n`);
    return differences.length > 0 ? 1 : 0;
  }
  for (const direction of ['gains', 'changes', 'loses'] as const) {
    const found = differences.filter((one) => one.direction === direction);
    if (found.length === 0) continue;
    process.stdout.write(`${COMPARED[direction]}\n`);
    for (const difference of found) process.stdout.write(`${COMPARED.difference(difference)}\n`);
  }
  if (differences.length === 0) process.stdout.write(`${COMPARED.none}\n`);
  for (const role of sampled) process.stdout.write(`${COMPARED.sampled(role)}\n`);
  if (changes.length > 0) process.stdout.write(`${COMPARED.asWritten(changes)}\n`);
  return differences.length > 0 ? 1 : 0;
}
