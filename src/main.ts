import { startBot } from './bot.ts';
import { systemClock } from './clock.ts';
import { ConfigError, parseEnv } from './config/env.ts';
import { loadPolicy } from './config/policyFile.ts';
import { createLog } from './log.ts';
import { StorageError } from './ports.ts';
import { PROVISIONERS } from './provisioners/registry.ts';

/** `npm start`: the bot against whatever the environment names, until it is told to stop. */

/** After this long without a clean stop, work that hangs is left to the next start. */
const STOP_DEADLINE_MS = 20_000;

try {
  const env = parseEnv(process.env);
  const { policy, secrets: targetSecrets } = loadPolicy(env.policyPath, PROVISIONERS, process.env);
  const { transport } = env.slack;
  const secrets = [
    ...targetSecrets,
    env.slack.botToken,
    env.pagerDuty.token,
    transport.mode === 'socket' ? transport.appToken : transport.signingSecret,
  ];
  if (env.secretKey) secrets.push(env.secretKey.toString('hex'));
  if (env.pagerDuty.webhookSecret !== null) secrets.push(env.pagerDuty.webhookSecret);
  if (env.forwarding.webhook) secrets.push(env.forwarding.webhook.secret);
  const log = createLog(env.logLevel, secrets);
  const readPolicy = () => {
    try {
      const loaded = loadPolicy(env.policyPath, PROVISIONERS, process.env);
      secrets.push(...loaded.secrets);
      return { policy: loaded.policy };
    } catch (error) {
      if (error instanceof ConfigError) return { problem: error.message };
      throw error;
    }
  };
  const bot = await startBot({ env, policy, readPolicy, log, clock: systemClock });
  process.on('SIGHUP', () => {
    bot.reloadPolicy().catch((error: unknown) => log.error({ err: error }, 'the policy could not be reloaded'));
  });

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping: no new requests; finishing what is under way');
    setTimeout(() => {
      log.error({}, 'did not stop in time; what is left is done at the next start');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    bot.stop(signal).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly; what is left is done at the next start');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
  process.stderr.write(`jitbot cannot start.\n${error.message}\n`);
  process.exitCode = 1;
}
