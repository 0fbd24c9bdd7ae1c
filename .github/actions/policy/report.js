import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Checks and tests a policy, and says what would change in meaning: as annotations, in the summary, and on the pull request. */

const { POLICY = '', BASE = '', DECISIONS = '', JITBOT = 'npx --no-install jitbot', PULL_REQUEST = '' } = process.env;
const MOST_SHOWN = 60;
// A comment may have 65,536 characters: two parts of these sizes fit.
const MOST_LINES = 120;
const MOST_COLUMNS = 240;
const folder = mkdtempSync(join(tmpdir(), 'jitbot-policy-'));
const [program = 'npx', ...first] = JITBOT.split(' ');

/** Exit code 2, or none, is a command that could not be carried out: nothing is taken from it. */
function jitbot(...args) {
  const { status, stdout, stderr } = spawnSync(program, [...first, 'policy', ...args], { encoding: 'utf8' });
  if (status !== 0 && status !== 1) throw new Error(`jitbot policy ${args[0]}: ${stderr}`);
  return { failed: status === 1, out: stdout };
}

// Lines of a policy are somebody's own words: neither commands of the runner nor markup.
const data = (text) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
function fenced(text) {
  const lines = text.trimEnd().replaceAll('````', "''''").split('\n');
  const kept = lines.slice(0, MOST_LINES).map((line) => line.slice(0, MOST_COLUMNS));
  const more = lines.length > MOST_LINES ? [`… and ${lines.length - MOST_LINES} more lines`] : [];
  return ['````text', ...kept, ...more, '````'].join('\n');
}

function checked() {
  const { failed, out } = jitbot('check', '--json', POLICY);
  const { findings } = JSON.parse(out);
  for (const { severity, line, path, message, advice } of findings)
    process.stdout.write(
      `::${severity} file=${property(POLICY)},line=${line},title=${property(path || 'policy')}::${data(`${message}. ${advice}`)}\n`,
    );
  return { failed, text: `**Check**: ${findings.length === 0 ? 'nothing to say' : `${findings.length} to look at`}` };
}

function tested() {
  const cases = POLICY.replace(/\.ya?ml$/, '.tests.yaml');
  if (!existsSync(cases)) return { failed: false, text: '**Cases**: there are none beside the policy' };
  const { failed, out } = jitbot('test', POLICY);
  return {
    failed,
    text: `**Cases**: ${failed ? 'not all as expected' : 'all as expected'}\n\n${failed ? fenced(out) : ''}`,
  };
}

function compared() {
  if (BASE === '') return '**In meaning**: not compared, because the event names no commit to compare with';
  if (spawnSync('git', ['cat-file', '-e', `${BASE}^{commit}`]).status !== 0)
    throw new Error(`${BASE} is not in this checkout: fetch it (fetch-depth: 0)`);
  const before = join(folder, 'before.yaml');
  try {
    writeFileSync(before, execFileSync('git', ['show', `${BASE}:./${POLICY}`], { encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    return `**In meaning**: there is no ${POLICY} at ${BASE || 'the base'} to compare with`;
  }
  const { failed, out } = jitbot('diff', before, POLICY);
  return `**In meaning**: ${failed ? 'something changes' : 'nothing changes'}\n\n${fenced(out)}`;
}

function replayed() {
  if (DECISIONS === '') return null;
  const { decisions, since, changed, moves } = JSON.parse(
    jitbot('replay', '--json', '--policy', POLICY, '--decisions', DECISIONS).out,
  );
  const rows = changed
    .slice(0, MOST_SHOWN)
    .map((one) => `${one.at}  ${one.role}  ${one.before} → ${one.after}  ${one.why}`);
  const more = changed.length > MOST_SHOWN ? [`… and ${changed.length - MOST_SHOWN} more`] : [];
  const sums = Object.entries(moves).map(([move, count]) => `${count}  ${move}`);
  return `**Of ${decisions} decisions since ${since}**, ${changed.length} would be different\n\n${changed.length === 0 ? '' : fenced([...sums, '', ...rows, ...more].join('\n'))}`;
}

function post(report) {
  const file = join(folder, 'report.md');
  writeFileSync(file, report);
  if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, report);
  if (PULL_REQUEST === '') return;
  const args = ['pr', 'comment', PULL_REQUEST, '--body-file', file, '--edit-last', '--create-if-none'];
  const { status, stderr } = spawnSync('gh', args, { encoding: 'utf8' });
  // A pull request from a fork may not be written to: the summary of the run has it all.
  if (status !== 0)
    process.stdout.write(`::warning::${data(`not posted on the pull request: ${stderr ?? 'gh is not there'}`)}\n`);
}

try {
  const check = checked();
  const parts = [check.text];
  let failed = check.failed;
  // What cannot be read has no meaning.
  if (!failed) {
    const test = tested();
    failed = test.failed;
    parts.push(test.text, compared(), ...[replayed()].filter((text) => text !== null));
  }
  post(`### jitbot: ${POLICY}\n\n${parts.join('\n\n')}\n`);
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  process.stdout.write(`::error::${data(String(error.message))}\n`);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
