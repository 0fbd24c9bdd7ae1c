import { isGroup } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';

/** Whether any role lets this person use break-glass. Only decides whether it is shown: using it asks Slack again. */
export async function mayBreakGlass(
  { policy, directory }: Pick<Deps, 'policy' | 'directory'>,
  slackId: string,
): Promise<boolean> {
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const members = new Set(roles.flatMap(({ breakGlass }) => breakGlass?.members ?? []));
  if (members.has(slackId)) return true;
  const groups = await directory.members([...members].filter(isGroup), 'preview');
  return [...groups.values()].some((group) => group.known && group.value.has(slackId));
}
