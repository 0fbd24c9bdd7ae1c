import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createCodeBox } from './codes/codeBox.ts';
import { ConfigError, type Env, secretsOfEnv } from './config/env.ts';
import { createCore, latestKnown } from './core.ts';
import { pagerDutyAddress } from './domain/accounts.ts';
import type { Person } from './domain/person.ts';
import type { Policy } from './domain/policy.ts';
import { striker } from './domain/secrets.ts';
import type { Known } from './domain/terms.ts';
import { errorText } from './domain/text.ts';
import { createHttpServer, type Route } from './http/server.ts';
import { newId } from './ids.ts';
import { openCheckpoints } from './ledger/checkpointBook.ts';
import { createIdBook } from './ledger/idBook.ts';
import { openLedger } from './ledger/open.ts';
import { eventSearch } from './ledger/search.ts';
import { createSeatBook } from './ledger/seatBook.ts';
import { type PolicyTextReader, reloadPolicy } from './lifecycle/reloadPolicy.ts';
import { strandedLine } from './lifecycle/strandedAccess.ts';
import { createPolicyEngine } from './opa/engine.ts';
import { createPagerDuty } from './pagerduty/client.ts';
import { createIncidentDesk } from './pagerduty/incidentDesk.ts';
import { createOnCall } from './pagerduty/onCall.ts';
import { PAGERDUTY_PATH, pagerDutyWebhook } from './pagerduty/webhook.ts';
import type { Clock, Log, PolicyFile } from './ports.ts';
import { lackingPackages } from './provisioners/packages.ts';
import { connectTargets } from './provisioners/targets.ts';
import { logWithoutSecrets, withoutSecrets } from './redaction.ts';
import { createSlackApp, type SlackApp } from './slack/app.ts';
import { createClients, isAuthFailure, slackProblem } from './slack/clients.ts';
import { createConnection, SLACK_PATH } from './slack/connection.ts';
import { createHome } from './slack/home/home.ts';
import { createDirectory } from './slack/people.ts';

export interface Bot {
  /** Puts the policy file in force as it is now; what keeps it from being is in the log. */
  reloadPolicy(): Promise<void>;
  stop(signal: string): Promise<void>;
}

export interface BotOptions {
  readonly env: Env;
  readonly policy: Policy;
  /** The policy file, for when it is read again. */
  readonly readPolicy: PolicyFile['read'];
  /** A policy from a text that was kept, for what a restart changes. */
  readonly readPolicyText: PolicyTextReader;
  readonly log: Log;
  /** What is struck out of everything that is written, besides what the environment and the policy name. It grows. */
  readonly secrets?: string[];
  /** Made with the latest time that the database knows of, before which it must not start. */
  readonly clock: (notBefore: number) => Clock;
}

/** Wires every adapter to the flow and starts it: due work first, then Slack. */
export async function startBot(options: BotOptions): Promise<Bot> {
  const { env, policy, clock: makeClock } = options;
  const secrets = options.secrets ?? [];
  secrets.push(...secretsOfEnv(env), ...(policy.secrets ?? []));
  const strike = striker(secrets);
  const log = logWithoutSecrets(options.log, strike);
  const problem = lacking(env, policy);
  if (problem !== null) throw new ConfigError(problem);
  const checkpoints = env.checkpoints
    ? withoutSecrets(openCheckpoints({ ...env.checkpoints, now: Date.now }), strike)
    : null;
  const ledger = openLedger(env.databasePath);
  for (const exposed of [...ledger.exposed, ...(checkpoints?.exposed ?? [])])
    log.warn({ exposed }, 'others could reach the record');
  for (const part of ledger.putBack)
    log.error({ part }, 'somebody had taken a rule out of the database; it was put back');
  const clock = makeClock(latestKnown(ledger));
  /** Whoever waits for a rate limit when the bot is told to stop waits no longer. */
  const ending = new AbortController();
  const { interactive, background } = createClients({ token: env.slack.botToken, apiUrl: env.slack.apiUrl, log });
  const directory = withoutSecrets(createDirectory(interactive, { clock, log, ending: ending.signal }), strike);
  const pagerDuty = createPagerDuty({ ...env.pagerDuty, clock, log, ending: ending.signal });
  /** By the policy in force, which can be replaced while the bot runs. */
  const addressOf = (person: Person): Known<string> => pagerDutyAddress(person, core.deps.policy);
  const onCall = withoutSecrets(createOnCall(pagerDuty, clock, addressOf), strike);
  const books = { seats: createSeatBook(ledger), ids: createIdBook(ledger) };
  const targets = withoutSecrets(connectTargets(policy, { log, clock, ...books }), strike);
  const engine = withoutSecrets(createPolicyEngine({ log, directory: dirname(env.policyPath) }), strike);
  const core = createCore({
    ledger,
    clock,
    random: Math.random,
    newId,
    log,
    version: VERSION,
    policy,
    readPolicy: () => {
      const read = options.readPolicy();
      if ('policy' in read) secrets.push(...(read.policy.secrets ?? []));
      const missing = 'policy' in read ? lacking(env, read.policy) : null;
      return missing === null ? read : { problem: missing };
    },
    readPolicyText: options.readPolicyText,
    directory,
    onCall,
    incidents: withoutSecrets(createIncidentDesk(pagerDuty, env.pagerDuty.from), strike),
    engine,
    codes: createCodeBox(env.secretKey),
    targets,
    client: background,
    checkpoints,
    forwarding: env.forwarding,
  });
  const { deps, posts } = core;
  const { store } = deps;
  await core.start();

  const connection = createConnection(env.slack.transport, { apiUrl: env.slack.apiUrl, log });
  let slackApp: SlackApp | null = null;
  const routes = new Map<string, Route>();
  if (connection.route) routes.set(SLACK_PATH, connection.route);
  if (env.pagerDuty.webhookSecret !== null)
    routes.set(PAGERDUTY_PATH, pagerDutyWebhook({ secret: env.pagerDuty.webhookSecret, onIncident }));
  const server = env.port === null ? null : createHttpServer(env.port, routes, log);
  const stopEverything = async (signal: string) => {
    ending.abort();
    await Promise.all([connection.close(), server?.close()]);
    await slackApp?.drain();
    await core.stop(signal);
    await Promise.all([targets.close(), engine.close()]);
    ledger.close();
  };
  try {
    await checkToken();
    slackApp = createSlackApp({
      context: {
        deps,
        client: interactive,
        search: eventSearch(ledger),
        showHome: createHome(deps, interactive, posts).show,
      },
      directory,
      onChanged: async (slackId) => {
        if ((await store.liveGrants({ slackId })).length === 0) return;
        await store.commit({ jobs: [{ kind: 'sweep', key: slackId, dueAt: clock.now() }] });
      },
      connection,
      botToken: env.slack.botToken,
      apiUrl: env.slack.apiUrl,
    });
    await server?.open().catch((error: unknown) => {
      throw new ConfigError(errorText(error), { cause: error });
    });
    await connection.open();
  } catch (error) {
    await stopEverything('failed start');
    throw error;
  }
  void checkPagerDuty();
  log.info({ resources: policy.resources.size, policy: policy.hash.slice(0, 16) }, 'ready');
  return { stop: stopEverything, reloadPolicy: reload };

  async function reload(): Promise<void> {
    const result = await reloadPolicy(deps, null);
    if ('refused' in result) return;
    if (result.outcome === 'unreadable')
      log.error({ problem: result.problem }, 'the policy file cannot be put in force; the policy in force stays');
    else if (result.outcome === 'changed')
      log.error(
        { stranded: result.stranded.map(strandedLine) },
        'the policy file is not put in force, because live access could not be taken back under it; keep those targets under retired_targets until it has ended, or have an administrator confirm the reload with /jit admin',
      );
    else log.info(result, 'policy reloaded');
  }

  /** Something happened to an incident: look at once at every grant that was given for it. */
  async function onIncident(incidentId: string): Promise<void> {
    const concerned = await store.liveForIncident(incidentId);
    if (concerned.length === 0) return;
    const dueAt = clock.now();
    await store.commit({ jobs: concerned.map((key) => ({ kind: 'watch', key, dueAt }) as const) });
  }

  /** Said at the start and not when somebody is paged; but a PagerDuty that is down keeps nobody from reviewing. */
  async function checkPagerDuty(): Promise<void> {
    const answer = await onCall.check();
    if (!answer.known) {
      log.error(
        { problem: answer.problem },
        'PagerDuty does not answer the bot: on-call conditions are not met until it does, and requests go to reviewers. Check PAGERDUTY_TOKEN (a read-only key is enough) and PAGERDUTY_API_URL',
      );
    }
  }

  /** A refused token stops the start, unless there is access to be taken back. */
  async function checkToken(): Promise<void> {
    try {
      await interactive.auth.test();
    } catch (error) {
      const live = await store.liveResources();
      if (isAuthFailure(error) && live.length === 0) throw new ConfigError(slackProblem(error), { cause: error });
      log.error(
        { problem: slackProblem(error), liveOn: live },
        'Slack did not accept the bot at start; going on, because access has to end on time',
      );
    }
  }
}

/** What the environment lacks for what the policy asks; null: nothing. */
function lacking(env: Env, policy: Policy): string | null {
  const packages = lackingPackages(policy);
  if (packages !== null) return packages;
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const wantsCodes = roles.some(({ secondFactor }) => secondFactor.request || secondFactor.review);
  const pages = roles.some(
    ({ breakGlass, rules }) =>
      (breakGlass?.page ?? null) !== null ||
      rules.some((rule) => rule.effect === 'ask' && rule.escalate.some(({ page }) => page !== null)),
  );
  if (wantsCodes && env.secretKey === null)
    return 'JIT_SECRET_KEY: missing, and the policy has roles with second_factor: set it to 64 hexadecimal digits, for example from: openssl rand -hex 32';
  if (pages && env.pagerDuty.from === null)
    return 'PAGERDUTY_FROM: missing, and the policy pages people: set it to the e-mail address of the PagerDuty user in whose name it does, with a key in PAGERDUTY_TOKEN that may write';
  return null;
}

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
