import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from '../config/configError.ts';
import type { Env } from '../config/env.ts';
import { loadPolicy, parsePolicy } from '../config/policyFile.ts';
import { secretsNamed, secretsOfEnv } from '../config/secrets.ts';
import { readEnvironment } from '../config/variables.ts';
import { createStriker, type Strike } from '../domain/secrets.ts';
import type { Log } from '../ports/host.ts';
import type { PolicyReading } from '../ports/policy.ts';
import { StorageError } from '../ports/store.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
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
 * After this long without a clean stop, work that hangs is left to the next start. Supervisors give ten seconds before they
 * kill a process, and a target's answer may take as long.
 */
const STOP_DEADLINE_MS = 9_000;
/** The same while the bot is still starting: it may be waiting for Slack, and nothing is half-way that the next start does not end. */
const STARTING_DEADLINE_MS = 5_000;

/** Targets are looked at ten seconds after the start, and the rest after that: what people may be waiting for comes first. */
const CHECK_AFTER_MS = 15_000;

/** Runs the bot until a signal stops it. What keeps it from starting is told, and is exit code 1. */
export async function run(signals: Signals): Promise<void> {
  /** Grows with every policy that is read. */
  const secrets = secretsNamed(process.env);
  const strike = createStriker(secrets);
  /** Node would print an error as it is, with whatever stands in it. */
  const stopHere = (error: Error) => {
    process.stderr.write(`jitbot stops: something failed that nothing was prepared for.\n${strike(inspect(error))}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', stopHere);
  try {
    const options = readOptions(secrets, strike);
    const { log } = options;
    const starting = Promise.withResolvers<Bot>();
    const halting = new AbortController();
    const started = takeSignals(signals, { starting: starting.promise, halting, log });
    const bot = await startBot({ ...options, halt: halting.signal });
    // From here on a fault that nobody caught belongs to one piece of work. What is due is in the database and has to be done.
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
    process.stderr.write(`jitbot cannot start.\n${strike(error.message)}\n`);
    process.exitCode = 1;
  }
}

/** The doctor's findings besides those of targets, as warnings in the log. Nothing waits for it. */
function checkLater({ env, policy, log }: Pick<BotOptions, 'env' | 'policy' | 'log'>): void {
  setTimeout(() => {
    warnOfFindings({ credentials: credentialsOf(env), policy, log, clock: systemClock(0) }).catch((error: unknown) =>
      log.warn({ err: error }, 'what the bot depends on could not be checked'),
    );
  }, CHECK_AFTER_MS).unref();
}

/**
 * What the environment and the policy file say.
 * @param secrets grows by what they name
 * @throws ConfigError
 */
function readOptions(secrets: string[], strike: Strike): BotOptions & { readonly log: Log } {
  readEnvironment(process.env);
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
        : { problem: strike(`this version does not take it: ${read.issues[0]?.message ?? ''}`) };
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
  /** Ends what a start waits for. */
  readonly halting: AbortController;
  readonly log: Log;
}

/** SIGHUP reads the policy again, the others stop the bot. @returns to be called when it has started */
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
