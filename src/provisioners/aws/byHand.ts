import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';

/** Commands for the aws CLI of an administrator of the account. */
export const fromGroups = ({ role, account }: ToTakeBack<{ readonly groups: readonly string[] }>): readonly string[] =>
  role.groups.map(
    (group) =>
      `aws iam remove-user-from-group --group-name ${word(group)} --user-name ${word(account ?? '$USER_NAME')}`,
  );

interface Assignments {
  readonly assignments: readonly { readonly account: string; readonly permission_set: string }[];
}
interface Instance {
  readonly instance: string;
  readonly identity_store: string;
  readonly region: string;
}

export function fromAssignments(
  { role, account }: ToTakeBack<Assignments>,
  target: Instance | null,
): readonly string[] {
  const region = word(target?.region ?? '$AWS_REGION');
  const unique = JSON.stringify({ UniqueAttribute: { AttributePath: 'userName', AttributeValue: account ?? '' } });
  return [
    `PERSON=$(aws identitystore get-user-id --region ${region} --identity-store-id ${word(target?.identity_store ?? '$IDENTITY_STORE')} --alternate-identifier ${word(unique)} --query UserId --output text)`,
    ...role.assignments.map(
      (one) =>
        `aws sso-admin delete-account-assignment --region ${region} --instance-arn ${word(target?.instance ?? '$INSTANCE_ARN')} --target-id ${word(one.account)} --target-type AWS_ACCOUNT --permission-set-arn ${word(one.permission_set)} --principal-type USER --principal-id "$PERSON"`,
    ),
  ];
}
