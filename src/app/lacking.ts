import type { Env } from '../config/env.ts';
import type { Policy } from '../domain/policy.ts';
import { lackingPackages } from '../provisioners/packages.ts';
import { SETTINGS } from '../wording/terminal/settings.ts';

/** What the policy needs and the environment does not have, one line each. */
export function lacking({ secretKey, pagerDutyFrom }: Has, policy: Policy): string[] {
  const packages = lackingPackages(policy);
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const wantsCodes = roles.some(({ secondFactor }) => secondFactor.request || secondFactor.review);
  const pages =
    policy.alarms !== undefined ||
    roles.some(
      ({ breakGlass, rules }) =>
        (breakGlass?.page ?? null) !== null ||
        rules.some((rule) => rule.effect === 'ask' && rule.escalate.some(({ page }) => page !== null)),
    );
  return [
    ...(packages === null ? [] : [packages]),
    ...(wantsCodes && !secretKey ? [SETTINGS.secretKeyForPolicy] : []),
    ...(pages && !pagerDutyFrom ? [SETTINGS.pagerDutyFromForPolicy] : []),
  ];
}

/** Whether the settings are there that a policy may need. */
interface Has {
  readonly secretKey: boolean;
  readonly pagerDutyFrom: boolean;
}

export const has = ({ secretKey, pagerDuty }: Env): Has => ({
  secretKey: secretKey !== null,
  pagerDutyFrom: pagerDuty.from !== null,
});
