import { ConfigError } from '../config/configError.ts';
import type { Env } from '../config/env.ts';
import { secretsOfEnv } from '../config/secrets.ts';
import type { Policy } from '../domain/policy.ts';
import { createStriker, type Strike } from '../domain/secrets.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import { createCheckpointBook } from '../ledger/history/checkpointBook.ts';
import { refuseForeign } from '../ledger/history/ledgerFile.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import { isPostgresAddress } from '../ledger/open/place.ts';
import { sqliteLedger } from '../ledger/open/sqlite.ts';
import { openWithReserve } from '../ledger/sqlite/reserve.ts';
import type { Deps } from '../lifecycle/deps.ts';
import { strandedLine } from '../lifecycle/grant/strandedAccess.ts';
import { createAlarms, type Shout } from '../lifecycle/health/alarms.ts';
import { type PolicyTextReader, reloadPolicy } from '../lifecycle/reloadPolicy.ts';
import { createMeter } from '../metrics/meter.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { OverviewReader } from '../ports/overview.ts';
import type { OnCall } from '../ports/pagerDuty.ts';
import type { PolicyFile, PolicyReading } from '../ports/policy.ts';
import { alarmMessage } from '../slack/outbox/toOthers.ts';
import { openAdapters } from './adapters.ts';
import { checkTargets } from './checkTargets.ts';
import { createClockDrift } from './clockDrift.ts';
import { createFlow, type Flow } from './flow.ts';
import { latestKnown } from './heartbeat.ts';
import { newId } from './ids.ts';
import { has, lacking } from './lacking.ts';
import { scopedLog } from './logScope.ts';
import { createObserver, monitoringPages } from './monitoring.ts';
import { logWithoutSecrets, withoutSecrets } from './redaction.ts';
import { createStandby, type Standby } from './standby.ts';
import { createSurface } from './surface.ts';
import { version } from './version.ts';
import { createWatchdog } from './watchdog.ts';

export interface Bot {
  /** Reloads the policy file. If it cannot be put in force, the log says why. */
  reloadPolicy(): Promise<void>;
  stop(signal: string): Promise<void>;
}

export interface BotOptions {
  readonly env: Env;
  readonly policy: Policy;
  /** Reads the policy file, for a reload. */
  readonly readPolicy: PolicyFile['read'];
  /** Parses the text of an earlier policy, to record what a restart changes. */
  readonly readPolicyText: PolicyTextReader;
  readonly log: Log;
  /** Secrets to redact besides those of the environment and the policy. The list grows. */
  readonly secrets?: string[];
  /** Creates the clock. `notBefore` is the latest time in the database; the clock must not start before it. */
  readonly clock: (notBefore: number) => Clock;
  /** Called when another bot has taken over the ledger. */
  readonly gone?: () => void;
  /** When aborted, the bot stops waiting for a start that cannot be recorded. */
  readonly halt?: AbortSignal;
}

/**
 * Targets are checked later: due ends and the connection to Slack come first, because somebody may be waiting for them.
 */
const CHECK_TARGETS_AFTER: Millis = 10 * SECOND;

/** Wires every adapter to the flow and starts it: due work first, then Slack. */
export async function startBot(options: BotOptions): Promise<Bot> {
  const { env } = options;
  const problems = lacking(has(env), options.policy);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  const { secrets, strike, log } = redacted(options);
  const { ledger, checkpoints, policy } = await openRecord(options, { log, strike, secrets });
  const clock = options.clock(await latestKnown(ledger));
  const ending = new AbortController();
  const policyNow = (): Policy => flow.deps.policy;
  const meter = createMeter();
  const drift = createClockDrift();
  const { interactive, background, ...ports } = openAdapters({
    ...{ env, policy, policyNow, ledger, clock, log, strike, meter, heardDate: drift.heard },
    ending: ending.signal,
  });
  const flow = await createFlow({
    ...{ ledger, clock, newId, log, policy, checkpoints, meter, ...ports },
    random: Math.random,
    version: VERSION,
    readPolicy: () => readAgain(options, secrets),
    readPolicyText: options.readPolicyText,
    client: background,
    forwarding: env.forwarding,
  });
  const { directory, targets, engine, onCall } = ports;
  const { pages, watchdog } = watching({
    ...{ env, flow, meter, drift: drift.drift, reader: ledger.overview },
    isSlackConnected: () => surface.isConnected(),
    tell: async (channel, alarm) => void (await background.chat.postMessage({ channel, ...alarmMessage(alarm) })),
  });
  const surface = createSurface({ env, flow, client: interactive, directory, ledger, clock, log, pages });
  await surface.listen();
  watchdog.begin();
  const isRecorded = await flow.start(options.halt);
  let cancelCheck = (): void => undefined;
  const stop = async (signal: string) => {
    ending.abort();
    cancelCheck();
    await watchdog.stop();
    await surface.close();
    await flow.stop(signal);
    await Promise.all([targets.close(), engine.close()]);
    await ledger.close();
  };
  const bot: Bot = { stop, reloadPolicy: () => reload(flow.deps, log) };
  if (!isRecorded) return bot;
  try {
    await surface.open();
  } catch (error) {
    await stop('failed start');
    throw error;
  }
  void checkPagerDuty(onCall, log);
  cancelCheck = clock.wakeAt(clock.now() + CHECK_TARGETS_AFTER, () => {
    void checkTargets({ policy, targets, log, isStopping: () => ending.signal.aborted });
  });
  log.info({ resources: policy.resources.size, policy: policy.hash.slice(0, 16) }, 'ready');
  return bot;
}

/** The redacting log, and the list of secrets, which grows with each policy. */
function redacted({ env, policy, log, secrets = [] }: BotOptions) {
  secrets.push(...secretsOfEnv(env), ...(policy.secrets ?? []));
  const strike = createStriker(secrets);
  return { secrets, strike, log: scopedLog(logWithoutSecrets(log, strike)) };
}

interface Watched {
  readonly env: Env;
  readonly flow: Flow;
  readonly meter: ReturnType<typeof createMeter>;
  readonly drift: ReturnType<typeof createClockDrift>['drift'];
  readonly reader: OverviewReader;
  isSlackConnected(): boolean;
  tell: Shout['tell'];
}

/** What monitors the bot while it runs: the pages to poll, and the alarms that it raises on its own. */
function watching({ env, flow, meter, drift, reader, isSlackConnected, tell }: Watched) {
  const { clock, log, integrity } = flow.deps;
  const { databasePath, metricsToken, heartbeatUrl } = env;
  const observer = createObserver({ clock, reader, isSlackConnected, isLedgerChecked: flow.isLedgerChecked });
  const pages = monitoringPages({
    ...{ meter, clock, drift, observer, databasePath, metricsToken, version: VERSION },
    policy: () => flow.deps.policy,
    ledgerProblem: () => integrity.problem(),
  });
  const watchdog = createWatchdog({
    ...{ clock, log, databasePath, heartbeatUrl, drift, overview: observer.overview },
    alarms: createAlarms(flow.deps, { tell }),
    ledgerProblem: flow.ledgerFlaw,
    problems: async () => (await observer.checks()).flatMap(({ problem }) => problem ?? []),
  });
  return { pages, watchdog };
}

interface Known {
  readonly log: Log;
  readonly strike: Strike;
  readonly secrets: string[];
}

/**
 * Opens the ledger and the checkpoints that are kept elsewhere. Logs what is wrong with either.
 * @returns also the policy, as the file is now if the bot had to wait for its place
 */
async function openRecord(options: BotOptions, { log, strike, secrets }: Known) {
  const { env } = options;
  const checkpoints = env.checkpoints
    ? withoutSecrets(createCheckpointBook({ ...env.checkpoints, now: Date.now }), strike)
    : null;
  const standby = createStandby(env, log);
  const ledger = await openLedgerOf(options, log, standby);
  await standby.end();
  for (const exposed of [...ledger.exposed, ...(checkpoints?.exposed ?? [])])
    log.warn({ exposed }, 'others could reach the record');
  for (const part of ledger.putBack)
    log.error({ part }, 'somebody had taken a rule out of the database; it was put back');
  if (!standby.hasWaited()) return { ledger, checkpoints, policy: options.policy };
  const read = await readAgain(options, secrets);
  if ('policy' in read) return { ledger, checkpoints, policy: read.policy };
  await ledger.close();
  throw new ConfigError(read.problem);
}

async function openLedgerOf({ env, gone, halt }: BotOptions, log: Log, standby: Standby): Promise<Ledger> {
  const { databasePath: place, isStandby } = env;
  if (isPostgresAddress(place)) {
    const { openForBot } = await import('../ledger/open/postgres.ts');
    const onLost = (why: string) => {
      log.error({ why }, 'another bot works on this ledger now; this one can write nothing any more, and stops');
      gone?.();
    };
    const wait = { begin: standby.begin, signal: halt ?? new AbortController().signal };
    return openForBot(place, onLost, isStandby ? wait : undefined).catch(async (error: unknown) => {
      await standby.end();
      throw error;
    });
  }
  refuseForeign(place);
  return sqliteLedger(openWithReserve(place, log));
}

/** @param secrets grows by what the file names now */
async function readAgain({ env, readPolicy }: BotOptions, secrets: string[]): Promise<PolicyReading> {
  const read = await readPolicy();
  if (!('policy' in read)) return read;
  secrets.push(...(read.policy.secrets ?? []));
  const missing = lacking(has(env), read.policy);
  return missing.length === 0 ? read : { problem: missing.join('; ') };
}

async function reload(deps: Deps, log: Log): Promise<void> {
  const result = await reloadPolicy(deps, null);
  if ('refused' in result) return;
  if (result.outcome === 'unreadable')
    log.error({ problem: result.problem }, 'the policy file cannot be put in force; the policy in force stays');
  else if (result.outcome === 'changed')
    log.error(
      { stranded: result.stranded.map(strandedLine) },
      'the policy file is not put in force, because live access could not be taken back under it; keep those targets under retired_targets until it has ended, or have an administrator confirm the reload with /jit admin',
    );
  else if (result.outcome === 'same')
    log.info({}, 'policy reloaded: the file is the same, and the secrets that it names were read again');
  else log.info(result, 'policy reloaded');
}

/**
 * Checked at start, so that a bad key is in the log before anyone is paged. The bot starts anyway: reviews need no
 * PagerDuty.
 */
async function checkPagerDuty(onCall: Pick<OnCall, 'check'>, log: Log): Promise<void> {
  const answer = await onCall.check();
  if (answer.known) return;
  log.error(
    { problem: answer.problem },
    'PagerDuty does not answer the bot: on-call conditions are not met until it does, and requests go to reviewers. Check PAGERDUTY_TOKEN (a read-only key is enough) and PAGERDUTY_API_URL',
  );
}

const VERSION = version();
