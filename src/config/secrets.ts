import { plainForms, SECRET_NAME } from '../domain/secrets.ts';
import type { Env } from './env.ts';

/** The secrets in the bot's own configuration. */
export function secretsOfEnv({
  slack,
  pagerDuty,
  forwarding,
  checkpoints,
  secretKey,
  secretKeyBefore,
  metricsToken,
  heartbeatUrl,
  databasePath,
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
    // Addresses may contain a password. The rest of them is not secret.
    heartbeatUrl,
    ...[forwarding.webhook?.url, checkpoints?.place, databasePath].flatMap((address) =>
      address === undefined ? [] : plainForms(address).filter((form) => form !== address),
    ),
  ].flatMap((secret) => secret ?? []);
}

/** Shorter values of variables that are only named like a secret are not redacted. */
const SHORTEST_NAMED = 8;
/** The folder that a shell is in: every message about a file may name it. */
const FOLDER = 'PWD';

/** Values of all variables named like secrets, including those that only other programs and libraries read. */
export const secretsNamed = (variables: NodeJS.ProcessEnv): string[] =>
  Object.entries(variables).flatMap(([name, value = '']) =>
    name !== FOLDER && SECRET_NAME.test(name) && value.length >= SHORTEST_NAMED ? [value] : [],
  );
