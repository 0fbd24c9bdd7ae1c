import type { Env } from '../config/env.ts';
import type { Policy } from '../domain/policy.ts';
import { lackingPackages } from '../provisioners/packages.ts';

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
    ...(wantsCodes && !secretKey
      ? [
          'JIT_SECRET_KEY: missing, and the policy has roles with second_factor: set it to 64 hexadecimal digits, for example from: openssl rand -hex 32',
        ]
      : []),
    ...(pages && !pagerDutyFrom
      ? [
          'PAGERDUTY_FROM: missing, and the policy pages people: set it to the e-mail address of the PagerDuty user in whose name it does, with a key in PAGERDUTY_TOKEN that may write',
        ]
      : []),
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
