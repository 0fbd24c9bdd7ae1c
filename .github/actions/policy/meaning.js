/** The policy at the base, and what is decided differently since. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { changedAmong, commitOf, isThere, jitbot, mergedInto, renamesSince, textAt } from './run.js';
import { annotate, code } from './text.js';

const NAME_IT = 'If it has another name now, change it in the workflow as well, in the same pull request.';

/**
 * The base as the pull request cannot change it: from the commit, not from the checkout.
 * @param event the commit that the event names, and head that of the pull request
 * @throws Error if the commit is not there
 */
export function baseOf(policy, event, head) {
  // The event is that of the last push: since then, the branch may have moved on.
  const name = event === '' ? '' : (mergedInto(head) ?? event);
  const commit = name === '' ? null : commitOf(name);
  if (name !== '' && commit === null) throw new Error(`${name} is not in this checkout: fetch it (fetch-depth: 0)`);
  const renames = commit === null ? [] : renamesSince(commit);
  const textOf = (path) => (commit === null ? null : textAt(commit, path));
  const path = textOf(policy) === null ? (renames.find(([, now]) => now === policy)?.[0] ?? policy) : policy;
  const text = textOf(path);
  // Beside the policy, because it may name files from its own folder.
  const copy = join(dirname(policy), `.jitbot-base-${randomBytes(8).toString('hex')}${extname(policy)}`);
  const isCompared = text !== null && isThere(policy);
  if (isCompared) writeFileSync(copy, text, { flag: 'wx' });
  return {
    ...{ commit, path, textOf, copy: isCompared ? copy : null },
    moved:
      name === event ? [] : [`- Compared with ${code(name)}, the branch as it is now, and not with ${code(event)}`],
    close: () => rmSync(copy, { force: true }),
    /** What to say where the policy is not in the pull request. */
    withoutPolicy: () => {
      const now = renames.find(([before]) => before === policy)?.[1];
      const gone = text === null ? 'It is not at the base either' : 'It is deleted';
      const what = now === undefined ? gone : `It is now ${code(now)}`;
      annotate('error', `${policy} is not there. ${what}. ${NAME_IT}`);
      return `**${code(policy)} is not there.** ${what}. Nothing is known of what this changes. ${NAME_IT}`;
    },
  };
}

/** So many roles are named in one line. */
const MOST_NAMED = 20;
/**
 * What a line of the file does is among the differences whole. Of a rule it is not: nobody is in two groups at once there. Nor is
 * what no rule says, such as a limit, a freeze, an identity or an administrator.
 */
const SHOWN = /^canary: |^\S+: (name:?|default|longest|risk|break-glass) |^(resource )?\S+ is gone$/;
const NOTHING = { sampled: [], gains: [], changes: [], loses: [], asWritten: [] };

/** However many roles are new, what was there before is not lost among them. */
function newLast(differences) {
  const isNew = ({ before }) => before.startsWith('deny (no such role)');
  return [...differences.filter((one) => !isNew(one)), ...differences.filter(isNew)];
}

export function compared(policy, base) {
  const unknown = (why, details = '') => {
    annotate('warning', `not compared in meaning, because ${why}${details}`, { file: policy });
    return { ...NOTHING, head: [`- **In meaning**: not compared, because ${why}. Read all of it.`] };
  };
  if (base.commit === null) return unknown('the event names no commit to compare with');
  if (base.copy === null) return unknown('the policy is not at the base');
  let said;
  try {
    said = jitbot('diff', base.copy, policy).said;
  } catch (error) {
    const details = error.message.replaceAll(base.copy, `${base.path} at the base`);
    return unknown('it cannot be compared with the policy at the base', `: ${details}`);
  }
  const told = (direction) =>
    newLast(said.differences.filter((one) => one.direction === direction)).flatMap(
      ({ role, situation, before, after }) => [`${role}: ${situation}`, `  ${before} → ${after}`],
    );
  const [gains, changes, loses] = ['gains', 'changes', 'loses'].map(told);
  const counts = `allows more: ${gains.length / 2}, decided by others: ${changes.length / 2}, allows less: ${loses.length / 2}`;
  const files = changedAmong(said.names, policy, base.commit).map((file) => `file ${file} has changed`);
  const asWritten = [...files, ...said.changes];
  const nothing = said.differences.length + asWritten.length === 0;
  const unseen = said.changes.filter((line) => !SHOWN.test(line)).length;
  const toRead = unseen > 0 ? `, of which **${unseen} may do more than these numbers say**: read them below` : '';
  if (files.length > 0)
    annotate('warning', `a file that the policy names has changed: ${files.join(', ')}`, { file: policy });
  const renamed = base.path === policy ? [] : [`- Compared with ${code(base.path)} of the base, which this renames`];
  const sampled = said.sampled.map(({ role, tried, of }) => `${code(role)} (${tried} of ${of})`);
  const more = sampled.length > MOST_NAMED ? `, and ${sampled.length - MOST_NAMED} more` : '';
  const some = `${sampled.slice(0, MOST_NAMED).join(', ')}${more}`;
  const untried = sampled.length === 0 ? [] : [`- **Not every situation was tried**, so read the rules: ${some}`];
  if (sampled.length > 0) annotate('warning', 'not every situation was tried', { file: policy });
  return {
    ...{ gains, changes, loses, asWritten },
    sampled: more === '' ? [] : said.sampled.map(({ role, tried, of }) => `${role}: ${tried} of ${of}`),
    head: [
      `- **In meaning**: ${nothing ? 'nothing changes' : `${counts}; lines in the file: ${said.changes.length}${toRead}`}`,
      ...(files.length > 0
        ? ['- **Files that the policy names have changed**, and with them what it does: read them']
        : []),
      ...renamed,
      ...untried,
    ],
  };
}
