/** What recorded decisions would have become: under the policy of the base, and under that of the pull request. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isThere, jitbot, textAt } from './run.js';
import { annotate, code } from './text.js';

const NOTHING = { head: [], wider: [], narrower: [], untold: [] };
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
  const earlier = base.copy === null ? { changed: [], untold: [] } : under(base.copy);
  const bySeq = (all) => new Map(all.map((one) => [one.seq, one]));
  const [after, before] = [now, earlier].map(({ changed, untold }) => bySeq([...changed, ...untold]));
  const moved = [...new Map([...before, ...after]).values()].flatMap(({ seq, at, role, before: recorded }) => {
    const [from, to] = [before, after].map((all) => all.get(seq)?.after ?? recorded);
    const why = after.get(seq)?.why ?? 'as it was decided then';
    return from === to ? [] : [{ from, to, line: `${at}  ${role}  ${from} → ${to}  ${why}` }];
  });
  const isKnown = ({ from, to }) => ORDER.includes(from) && ORDER.includes(to);
  const linesOf = (isOne) =>
    moved
      .filter((one) => isKnown(one))
      .filter(({ from, to }) => isOne(ORDER.indexOf(to) - ORDER.indexOf(from)))
      .map(({ line }) => line);
  const [wider, narrower] = [linesOf((by) => by > 0), linesOf((by) => by < 0)];
  // Also where the base cannot tell either: it is no sign that nothing changes.
  const kept = earlier.untold.filter(({ seq }) => after.get(seq)?.after === before.get(seq)?.after);
  const untold = [
    ...moved.filter((one) => !isKnown(one)).map(({ line }) => line),
    ...kept.map(({ at, role, after: to, why }) => `${at}  ${role}  ${to}  ${why}`),
  ];
  const counts =
    moved.length + untold.length === 0
      ? 'nothing changes'
      : `${wider.length} would allow more, ${narrower.length} less${untold.length > 0 ? `; of **${untold.length}** it cannot be told, because they rest on what was not looked up then` : ''}`;
  return { wider, narrower, untold, head: [`- **Of ${now.decisions} decisions since ${now.since}**: ${counts}`] };
}
