import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';

/** With the gcloud command of somebody who manages the group. */
export const fromGroups = ({ role, account }: ToTakeBack<{ readonly groups: readonly string[] }>): readonly string[] =>
  role.groups.map(
    (group) =>
      `gcloud identity groups memberships delete --group-email=${word(group)} --member-email=${word(account ?? '$EMAIL')}`,
  );

/** The grant's own bindings alone, which its title tells: what the person has by others stays. */
export function fromProject(
  { grantId }: ToTakeBack<unknown>,
  target: { readonly project: string } | null,
): readonly string[] {
  const project = word(target?.project ?? '$PROJECT');
  return [
    `gcloud projects get-iam-policy ${project} --format=json > before.json`,
    `jq 'del(.bindings[] | select(.condition.title == "jitbot ${grantId}"))' before.json > after.json`,
    `gcloud projects set-iam-policy ${project} after.json`,
  ];
}
