import { policyChanges } from '../../domain/policyChanges.ts';
import { differencesOf } from '../../domain/policyDiff.ts';
import type { POLICY_DIFF } from '../commandOptions.ts';
import { readPolicy } from '../readPolicy.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';

/** Exit codes: 0 nothing changes in meaning, 1 something does, 2 it could not be compared. */
export async function run({ values, files }: Given<typeof POLICY_DIFF>): Promise<number> {
  const [oldPath, newPath] = files;
  if (!oldPath || !newPath || files.length > 2) throw new UsageError('name two policy files');
  const [before, after] = [readPolicy(oldPath).policy, readPolicy(newPath).policy];
  const differences = differencesOf(before, after);
  const changes = policyChanges(before, after);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ differences, changes }, null, 2)}\n`);
    return differences.length > 0 ? 1 : 0;
  }
  for (const [direction, title] of [
    ['gains', 'GAINS: more is let through'],
    ['loses', 'LOSES: less is let through'],
    ['changes', 'CHANGES: decided by others'],
  ] as const) {
    const found = differences.filter((one) => one.direction === direction);
    if (found.length === 0) continue;
    process.stdout.write(`${title}\n`);
    for (const { role, situation, before: was, after: is } of found)
      process.stdout.write(`  ${role}: ${situation}\n    ${was} → ${is}\n`);
  }
  if (differences.length === 0) process.stdout.write('No situation that was tried is decided differently.\n');
  if (changes.length > 0) process.stdout.write(`As written:\n${changes.map((line) => `  ${line}\n`).join('')}`);
  return differences.length > 0 ? 1 : 0;
}
