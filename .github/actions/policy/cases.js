/** The cases of the pull request, and those of the base that it removes or changes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { isThere, jitbot } from './run.js';
import { annotate, code } from './text.js';

/** As `jitbot policy test` finds them. */
function beside(policy) {
  const { dir, name, ext } = parse(policy);
  return join(dir, `${name}.tests${ext}`);
}

const resultsOf = (policy, cases) => jitbot('test', policy, '--cases', cases).said.results;
const problemsOf = ({ name, problems }) => problems.map((problem) => `✗ ${name}: ${problem}`);

export function casesReviewed(policy, base) {
  const file = beside(policy);
  const now = isThere(file) ? resultsOf(policy, file) : [];
  const before = casesOfBase(policy, base);
  const all = before ?? [];
  const kept = new Set(now.map((one) => JSON.stringify(one.case)));
  const names = new Set(now.map(({ name }) => name));
  const gone = all.filter((one) => !kept.has(JSON.stringify(one.case)));
  const lines = gone.flatMap((one) => [
    `${names.has(one.name) ? 'changed' : 'removed'}: ${one.name} (${one.role}), ${one.passed ? 'which still holds' : 'which NO LONGER HOLDS'}`,
    ...one.problems.map((problem) => `  ${problem}`),
  ]);
  const broken = gone.filter(({ passed }) => !passed);
  const counts = `${gone.length} of ${all.length}, of which ${broken.length} no longer as expected`;
  if (gone.length > 0) annotate('warning', `cases of the base that are removed or changed here: ${counts}`, { file });
  const failed = now.filter(({ passed }) => !passed);
  const passed = now.length - failed.length;
  return {
    failed: failed.flatMap(problemsOf),
    gone: lines,
    head: [
      now.length === 0
        ? '- **Cases**: there are none beside the policy'
        : `- **Cases**: ${passed} of ${now.length} as expected`,
      ...(before === null ? [`- **The cases of the base could not be run**: read the change of ${code(file)}`] : []),
      ...(gone.length > 0 ? [`- **Cases of the base that this pull request removes or changes**: ${counts}`] : []),
    ],
  };
}

/** @returns what each of them comes to under the policy of the pull request, or null if they cannot be run */
function casesOfBase(policy, base) {
  const text = base.textOf(beside(base.path));
  if (text === null) return [];
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-cases-'));
  const copy = join(folder, 'cases.yaml');
  try {
    writeFileSync(copy, text);
    return resultsOf(policy, copy);
  } catch (error) {
    annotate('warning', `the cases of the base could not be run: ${error.message.replaceAll(copy, 'they')}`);
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
