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
  if (before === null) annotate('warning', 'the cases of the base could not be run', { file });
  const kept = new Set(now.map((one) => JSON.stringify(one.case)));
  const names = new Set(now.map(({ name }) => name));
  const gone = (before ?? []).filter((one) => !kept.has(JSON.stringify(one.case)));
  const lines = gone.flatMap((one) => [
    `${names.has(one.name) ? 'changed' : 'removed'}: ${one.name} (${one.role}), ${one.passed ? 'which still holds' : 'which NO LONGER HOLDS'}`,
    ...one.problems.map((problem) => `  ${problem}`),
  ]);
  const broken = gone.filter(({ passed }) => !passed);
  if (gone.length > 0)
    annotate(
      'warning',
      `${gone.length} cases of the base are removed or changed, and ${broken.length} of them no longer hold`,
      { file },
    );
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
      ...(gone.length > 0
        ? [
            `- **This pull request removes or changes ${gone.length} of ${before.length} cases**; ${broken.length} of them no longer hold`,
          ]
        : []),
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
    process.stdout.write(`${error.message.replaceAll(copy, 'the cases of the base')}\n`);
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
