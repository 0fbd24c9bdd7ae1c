import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from '../config/configError.ts';
import type { Env } from '../config/env.ts';
import { loadPolicy, parsePolicy } from '../config/policyFile.ts';
import { secretsNamed, secretsOfEnv } from '../config/secrets.ts';
import { readEnvFile, readSecretFiles } from '../config/variables.ts';
import { createStriker, type Strike } from '../domain/secrets.ts';
import type { Log } from '../ports/host.ts';
import type { PolicyReading } from '../ports/policy.ts';
import { StorageError } from '../ports/store.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
import { START } from '../wording/terminal/settings.ts';
import { type Bot, type BotOptions, startBot } from './bot.ts';
import { credentialsOf } from './checks/credentials.ts';
import { warnOfFindings } from './checks/services.ts';
import { systemClock } from './clock.ts';
import { whenLauncherIsGone } from './launcher.ts';
import { createLog } from './log.ts';
import { readPolicyBeside } from './policyBeside.ts';
import { useProxyOf } from './proxy.ts';
import { readConfig } from './readConfig.ts';
import type { Signals } from './signals.ts';

/**
 * Time for a clean stop. Work that still hangs then is left to the next start. Supervisors kill a process after ten
 * seconds, and a target's answer may take that long.
 */
const STOP_DEADLINE_MS = 9_000;
/**
 * The same while the bot is still starting. It is shorter, because the bot may only be waiting for Slack, and the next
 * start ends whatever is half-done.
 */
const STARTING_DEADLINE_MS = 5_000;

/**
 * Targets are checked ten seconds after the start and services after that, because what people may be waiting for comes
 * first.
 */
const CHECK_AFTER_MS = 15_000;

/** Runs the bot until a signal stops it. If it cannot start, it says why and exits with 1. */
export async function run(signals: Signals): Promise<void> {
  /** Grows with every policy that is loaded. */
  const secrets = secretsNamed(process.env);
  const strike = createStriker(secrets);
  /** Node would print an error unredacted. */
  const stopHere = (error: Error) => {
    process.stderr.write(START.stops(strike(inspect(error))));
    process.exit(1);
  };
  process.on('uncaughtException', stopHere);
  const halting = new AbortController();
  try {
    const options = readOptions(secrets, strike);
    const { log } = options;
    const starting = Promise.withResolvers<Bot>();
    const started = takeSignals(signals, { starting: starting.promise, halting, log });
    // A process that ends is started again by what supervises it, and then waits or is refused.
    const bot = await startBot({ ...options, halt: halting.signal, gone: () => process.exit(1) });
    // From here on, an uncaught error belongs to one piece of work. Due work is in the database and has to be done, so
    // the bot keeps running.
    const goOn = (error: unknown) =>
      log.error(
        { err: error },
        'a fault of the program that nobody caught; going on, because access has to end on time',
      );
    process.on('uncaughtException', goOn);
    process.on('unhandledRejection', goOn);
    process.off('uncaughtException', stopHere);
    started();
    starting.resolve(bot);
    checkLater(options);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
    // A standby that was told to stop has done all that it had to do.
    if (halting.signal.aborted) process.exit(0);
    process.stderr.write(START.cannotStart(strike(error.message)));
    process.exitCode = 1;
  }
}

/** Logs the doctor's findings about services as warnings. Runs in the background. */
function checkLater({ env, policy, log }: Pick<BotOptions, 'env' | 'policy' | 'log'>): void {
  setTimeout(() => {
    warnOfFindings({ credentials: credentialsOf(env), policy, log, clock: systemClock(0) }).catch((error: unknown) =>
      log.warn({ err: error }, 'what the bot depends on could not be checked'),
    );
  }, CHECK_AFTER_MS).unref();
}

/** Reads the environment and the policy file. @param secrets their secrets are added to it @throws ConfigError */
function readOptions(secrets: string[], strike: Strike): BotOptions & { readonly log: Log } {
  readEnvFile(process.env);
  readSecretFiles(process.env);
  secrets.push(...secretsNamed(process.env));
  const {
    env,
    loaded: { policy, secrets: targetSecrets },
  } = readConfig(process.env);
  secrets.push(...secretsOfEnv(env), ...targetSecrets);
  useProxyOf(process.env);
  const log = createLog(env.logLevel, secrets);
  return { env, policy, log, clock: systemClock, secrets, ...policyReaders(env, strike) };
}

function policyReaders(env: Env, strike: Strike): Pick<BotOptions, 'readPolicy' | 'readPolicyText'> {
  return {
    readPolicy: async () => {
      const read = (await readPolicyBeside(env.policyPath)) ?? readHere(env.policyPath);
      return 'policy' in read ? read : { problem: strike(read.problem) };
    },
    readPolicyText: (text) => {
      const read = parsePolicy(text, PROVISIONERS, process.env, {
        withoutSecrets: true,
        folder: dirname(env.policyPath),
      });
      return 'policy' in read
        ? { policy: read.policy }
        : { problem: strike(START.policyOfOther(read.issues[0]?.message ?? '')) };
    },
  };
}

/** On the event loop, for what cannot be handed over between threads. */
function readHere(path: string): PolicyReading {
  try {
    return { policy: loadPolicy(path, PROVISIONERS, process.env).policy };
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message };
    throw error;
  }
}

interface Starting {
  /** Resolves when signals can reach the bot itself. */
  readonly starting: Promise<Bot>;
  /** Aborts what a start waits for. */
  readonly halting: AbortController;
  readonly log: Log;
}

/** SIGHUP reloads the policy, the others stop the bot. @returns to be called when the bot has started */
function takeSignals(signals: Signals, { starting, halting, log }: Starting): () => void {
  let deadline = STARTING_DEADLINE_MS;
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping: no new requests; finishing what is under way');
    setTimeout(() => {
      log.error({}, 'did not stop in time; what is left is done at the next start');
      process.exit(1);
    }, deadline).unref();
    halting.abort();
    starting
      .then((bot) => bot.stop(signal))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'did not stop cleanly; what is left is done at the next start');
          process.exit(1);
        },
      );
  };
  signals((signal) => {
    if (signal !== 'SIGHUP') return stop(signal);
    starting
      .then((bot) => bot.reloadPolicy())
      .catch((error: unknown) => log.error({ err: error }, 'the policy could not be reloaded'));
  });
  whenLauncherIsGone(process.env, () => stop('launcher gone'));
  return () => {
    deadline = STOP_DEADLINE_MS;
  };
}
