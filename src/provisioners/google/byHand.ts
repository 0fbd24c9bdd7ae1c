import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';

/** Commands for the gcloud CLI of a manager of the group. */
export const fromGroups = ({ role, account }: ToTakeBack<{ readonly groups: readonly string[] }>): readonly string[] =>
  role.groups.map(
    (group) =>
      `gcloud identity groups memberships delete --group-email=${word(group)} --member-email=${word(account ?? '$EMAIL')}`,
  );

/** Only the grant's own bindings, found by title. Other bindings of the person stay. */
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
