import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { type Bot, startBot } from './bot.ts';
import { systemClock } from './clock.ts';
import { ConfigError, parseEnv, secretsNamed, secretsOfEnv } from './config/env.ts';
import { loadPolicy, parsePolicy } from './config/policyFile.ts';
import { striker } from './domain/secrets.ts';
import { whenLauncherIsGone } from './launcher.ts';
import { createLog } from './log.ts';
import { StorageError } from './ports.ts';
import { PROVISIONERS } from './provisioners/registry.ts';

/** `npm start`: the bot against whatever the environment names, until it is told to stop. */

/** After this long without a clean stop, work that hangs is left to the next start. */
const STOP_DEADLINE_MS = 20_000;

/** Grows with every policy that is read. */
const secrets = secretsNamed(process.env);
const strike = striker(secrets);
/** Node would print an error as it is, with whatever stands in it. */
const stopHere = (error: Error) => {
  process.stderr.write(`jitbot stops: something failed that nothing was prepared for.\n${strike(inspect(error))}\n`);
  process.exit(1);
};
process.on('uncaughtException', stopHere);

try {
  const env = parseEnv(process.env);
  secrets.push(...secretsOfEnv(env));
  const { policy, secrets: targetSecrets } = loadPolicy(env.policyPath, PROVISIONERS, process.env);
  secrets.push(...targetSecrets);
  const log = createLog(env.logLevel, secrets);
  const readPolicy = () => {
    try {
      const loaded = loadPolicy(env.policyPath, PROVISIONERS, process.env);
      return { policy: loaded.policy };
    } catch (error) {
      if (error instanceof ConfigError) return { problem: strike(error.message) };
      throw error;
    }
  };
  const readPolicyText = (text: string) => {
    const read = parsePolicy(text, PROVISIONERS, process.env, {
      withoutSecrets: true,
      folder: dirname(env.policyPath),
    });
    return 'policy' in read
      ? { policy: read.policy }
      : { problem: strike(`this version does not take it: ${read.issues[0]?.message ?? ''}`) };
  };
  // The handlers stand before anything starts: what arrives meanwhile waits, and ends nothing half-way.
  const starting = Promise.withResolvers<Bot>();
  process.on('SIGHUP', () => {
    starting.promise
      .then((bot) => bot.reloadPolicy())
      .catch((error: unknown) => log.error({ err: error }, 'the policy could not be reloaded'));
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
    starting.promise
      .then((bot) => bot.stop(signal))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'did not stop cleanly; what is left is done at the next start');
          process.exit(1);
        },
      );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  whenLauncherIsGone(process.env, () => stop('launcher gone'));
  const bot = await startBot({ env, policy, readPolicy, readPolicyText, log, clock: systemClock, secrets });
  // From here on a fault that nobody caught belongs to one piece of work. What is due is in the database and has to be done.
  const goOn = (error: unknown) =>
    log.error({ err: error }, 'a fault of the program that nobody caught; going on, because access has to end on time');
  process.on('uncaughtException', goOn);
  process.on('unhandledRejection', goOn);
  process.off('uncaughtException', stopHere);
  starting.resolve(bot);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
  process.stderr.write(`jitbot cannot start.\n${strike(error.message)}\n`);
  process.exitCode = 1;
}
