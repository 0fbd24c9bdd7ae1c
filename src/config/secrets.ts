import { plainForms, SECRET_NAME } from '../domain/secrets.ts';
import type { Env } from './env.ts';

/** What of the bot's own configuration is a secret. */
export function secretsOfEnv({
  slack,
  pagerDuty,
  forwarding,
  checkpoints,
  secretKey,
  secretKeyBefore,
  metricsToken,
  heartbeatUrl,
}: Env): string[] {
  const { transport } = slack;
  return [
    slack.botToken,
    transport.mode === 'socket' ? transport.appToken : transport.signingSecret,
    pagerDuty.token,
    pagerDuty.webhookSecret,
    forwarding.webhook?.secret,
    secretKey?.toString('hex'),
    secretKeyBefore?.toString('hex'),
    metricsToken,
    // Addresses may hold a password, and are otherwise no secret.
    heartbeatUrl,
    ...[forwarding.webhook?.url, checkpoints?.place].flatMap((address) =>
      address === undefined ? [] : plainForms(address).filter((form) => form !== address),
    ),
  ].flatMap((secret) => secret ?? []);
}

/** Shorter values of variables that are only named like a secret are left alone. */
const SHORTEST_NAMED = 8;

/** Whatever in the environment is named like a secret, for programs and libraries that read it themselves. */
export const secretsNamed = (variables: NodeJS.ProcessEnv): string[] =>
  Object.entries(variables).flatMap(([name, value = '']) =>
    SECRET_NAME.test(name) && value.length >= SHORTEST_NAMED ? [value] : [],
  );
