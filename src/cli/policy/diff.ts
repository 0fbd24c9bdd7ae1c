import { policyChanges } from '../../domain/policyChanges.ts';
import { differencesOf, sampledOf } from '../../domain/policyDiff.ts';
import { namesIn } from '../../domain/policyNames.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_DIFF } from '../../wording/terminal/options.ts';
import { COMPARED } from '../../wording/terminal/policy.ts';
import { readPolicy } from '../readPolicy.ts';
import { print } from '../shown.ts';
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
    // A file that a policy names may change without it: whoever has both versions compares them.
    const names = [...new Set([before, after].flatMap(namesIn))];
    process.stdout.write(`${JSON.stringify({ differences, changes, sampled, names }, null, 2)}\n`);
    return differences.length > 0 ? 1 : 0;
  }
  for (const direction of ['gains', 'changes', 'loses'] as const) {
    const found = differences.filter((one) => one.direction === direction);
    if (found.length === 0) continue;
    print(COMPARED[direction]);
    for (const difference of found) print(COMPARED.difference(difference));
  }
  if (differences.length === 0) print(COMPARED.none);
  for (const role of sampled) print(COMPARED.sampled(role));
  if (changes.length > 0) print(COMPARED.asWritten(changes));
  return differences.length > 0 ? 1 : 0;
}
