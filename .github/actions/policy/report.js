/** Checks and tests a policy, and says what would change in meaning: as annotations, in the summary, and for a comment. */
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { casesReviewed } from './cases.js';
import { decisionsReplayed } from './decisions.js';
import { baseOf, compared } from './meaning.js';
import { isThere, jitbot } from './run.js';
import { annotate, code, rendered } from './text.js';

const { POLICY = '', BASE = '', DECISIONS = '', RUNNER_TEMP, GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } = process.env;
const { COMMIT = '', GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = process.env;
const RUN = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
const folder = mkdtempSync(join(RUNNER_TEMP ?? tmpdir(), 'jitbot-policy-'));

// Of GitHub: a comment has 65,536 characters, a summary 1 MiB.
const COMMENT = {
  ...{ limit: 65_000, sizeOf: (text) => text.length, line: 1_000 },
  rest: `What widens access comes first. The whole text is in [the summary of the run](${RUN}).`,
};
const SUMMARY = {
  ...{ limit: 2 ** 20 - 1_024, sizeOf: (text) => Buffer.byteLength(text), line: Number.POSITIVE_INFINITY },
  rest: 'GitHub shows no more than 1 MiB: run `jitbot policy diff` and `replay` for the whole text.',
};

function checked() {
  const { failed, said } = jitbot('check', POLICY);
  for (const { severity, line, path, message, advice } of said.findings)
    annotate(severity, `${message}. ${advice}`, { file: POLICY, line, title: path || 'policy' });
  const lines = said.findings.map(
    ({ severity, line, path, message, advice }) => `${severity}, line ${line}: ${path}: ${message}. ${advice}`,
  );
  return {
    failed,
    head: `- **Check**: ${lines.length === 0 ? 'nothing to say' : `${lines.length} to look at`}`,
    lines,
  };
}

/** Blocks in this order: what widens access, what may, and last what narrows it. */
function reviewed() {
  const base = baseOf(POLICY, BASE, COMMIT);
  try {
    if (!isThere(POLICY)) return { failed: true, head: [base.withoutPolicy()], blocks: [] };
    const check = checked();
    const found = { title: 'Check', lines: check.lines };
    // What cannot be read has no meaning.
    if (check.failed) return { failed: true, head: [check.head], blocks: [found] };
    const cases = casesReviewed(POLICY, base);
    const meaning = compared(POLICY, base);
    const past = decisionsReplayed(POLICY, DECISIONS, base);
    const blocks = [
      { title: 'Gains: the new policy allows more', lines: meaning.gains },
      { title: 'Past decisions that would allow more', lines: past.wider },
      { title: 'Past decisions of which it cannot be told', lines: past.untold },
      { title: 'Cases that this pull request removes or changes', lines: cases.gone },
      { title: 'Decided by others', lines: meaning.changes },
      { title: 'In the file', lines: meaning.asWritten },
      { title: 'Cases that are not as expected', lines: cases.failed },
      found,
      { title: 'Roles of which not every situation was tried', lines: meaning.sampled },
      { title: 'Loses: the new policy allows less', lines: meaning.loses },
      { title: 'Past decisions that would allow less', lines: past.narrower },
    ];
    const head = [...base.moved, check.head, ...cases.head, ...meaning.head, ...past.head];
    return { failed: cases.failed.length > 0, head, blocks };
  } finally {
    base.close();
  }
}

function publish({ head, blocks }) {
  const at = `Of ${COMMIT || 'this checkout'}${BASE === '' ? '' : `, compared with ${BASE}`}.\n`;
  const shown = blocks.filter(({ lines }) => lines.length > 0);
  const report = { head: [`### jitbot: ${code(POLICY)}`, at, ...head], blocks: shown };
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, rendered(report, SUMMARY));
  const file = join(folder, 'comment.md');
  // By the first line the comment is found again, one for each policy.
  writeFileSync(file, `<!-- jitbot policy: ${encodeURIComponent(POLICY)} -->\n${rendered(report, COMMENT)}`);
  if (GITHUB_OUTPUT) appendFileSync(GITHUB_OUTPUT, `comment=${file}\n`);
}

try {
  const report = reviewed();
  publish(report);
  process.exitCode = report.failed ? 1 : 0;
} catch (error) {
  annotate('error', error.message);
  // Otherwise what an earlier push was told would stay.
  publish({
    head: ['**It could not be looked at**, so nothing is known of what this changes.'],
    blocks: [{ title: 'What went wrong', lines: error.message.split('\n') }],
  });
  process.exitCode = 2;
}
