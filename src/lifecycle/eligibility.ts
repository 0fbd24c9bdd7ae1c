import { isGroup, type Principal } from '../domain/policy.ts';
import type { Directory } from '../ports.ts';

/** Whether each person is one of the principals, by name or through a user group, as Slack says now. */
export async function areAmong(
  directory: Directory,
  principals: readonly Principal[],
  slackIds: readonly string[],
): Promise<{ known: true; among: ReadonlySet<string> } | { known: false; problem: string }> {
  const among = new Set(slackIds.filter((id) => principals.includes(id)));
  if (among.size === slackIds.length) return { known: true, among };
  const groups = await directory.members(principals.filter(isGroup), 'decision');
  for (const members of groups.values()) {
    if (members.known) for (const id of slackIds) if (members.value.has(id)) among.add(id);
  }
  if (among.size === slackIds.length) return { known: true, among };
  const failed = [...groups.values()].find((members) => !members.known);
  return failed && !failed.known ? failed : { known: true, among };
}
