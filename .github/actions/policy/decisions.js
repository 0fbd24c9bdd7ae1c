/** What recorded decisions would have become: under the policy of the base, and under that of the pull request. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isThere, jitbot, textAt } from './run.js';
import { annotate, code } from './text.js';

const NOTHING = { head: [], wider: [], narrower: [] };
const ORDER = ['deny', 'ask', 'allow'];

export function decisionsReplayed(policy, file, base) {
  if (file === '') return NOTHING;
  const before = base.textOf(file);
  const own = base.commit === null ? null : textAt('HEAD', file);
  const told = (what, details = '') => {
    annotate('warning', `${file}: ${what}${details}`, { file });
    return `- **${code(file)}**: ${what}`;
  };
  if (before === null && own !== null)
    return { ...NOTHING, head: [told('is new with this pull request, so nothing is decided again from it')] };
  if (before === null && !isThere(file)) throw new Error(`${file} is not there, neither here nor at the base`);
  const changed =
    before !== null && before !== own ? [told('is changed by this pull request; that of the base is used')] : [];
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-decisions-'));
  try {
    const copy = join(folder, 'decisions.json');
    if (before !== null) writeFileSync(copy, before);
    const replayed = replayedUnder(before === null ? file : copy, policy, base);
    return { ...replayed, head: [...changed, ...replayed.head] };
  } catch (error) {
    return {
      ...NOTHING,
      head: [...changed, told('its decisions cannot be made again', `: ${error.message.replaceAll(folder, 'base')}`)],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Only what this change does: not what the policy of the base already makes of a decision that an earlier one made. */
function replayedUnder(decisions, policy, base) {
  const under = (path) => jitbot('replay', '--policy', path, '--decisions', decisions).said;
  const now = under(policy);
  const earlier = base.copy === null ? { changed: [] } : under(base.copy);
  const [after, before] = [now, earlier].map(({ changed }) => new Map(changed.map((one) => [one.seq, one])));
  const moved = [...new Map([...before, ...after]).values()].flatMap(({ seq, at, role, before: recorded }) => {
    const [from, to] = [before, after].map((all) => all.get(seq)?.after ?? recorded);
    const why = after.get(seq)?.why ?? 'as it was decided then';
    return from === to ? [] : [{ from, to, line: `${at}  ${role}  ${from} → ${to}  ${why}` }];
  });
  const linesOf = (isOne) =>
    moved.filter(({ from, to }) => isOne(ORDER.indexOf(to) - ORDER.indexOf(from))).map(({ line }) => line);
  const [wider, narrower] = [linesOf((by) => by > 0), linesOf((by) => by < 0)];
  const counts = moved.length === 0 ? 'nothing changes' : `${wider.length} would allow more, ${narrower.length} less`;
  return { wider, narrower, head: [`- **Of ${now.decisions} decisions since ${now.since}**: ${counts}`] };
}
