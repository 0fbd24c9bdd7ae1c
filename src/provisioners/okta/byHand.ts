import type { ToTakeBack } from '../provisioner.ts';
import { word } from '../quoting.ts';
import type { Role, Target } from './schemas.ts';

/** Commands that need the token of a group administrator in OKTA_TOKEN. */
export function byHand({ role, account }: ToTakeBack<Role>, target: Target | null): readonly string[] {
  const api = `${(target?.url ?? '$OKTA_URL').replace(/\/$/, '')}/api/v1`;
  const curl = 'curl -fsS -H "Authorization: SSWS $OKTA_TOKEN"';
  return [
    `PERSON=$(${curl} "${api}/users/${account === null ? '$LOGIN' : encodeURIComponent(account)}" | jq -r .id)`,
    ...role.groups.map((group) => `${curl} -X DELETE "${api}/groups/${word(group)}/users/$PERSON"`),
  ];
}
