import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type FlagService, startFlagService } from './flagService.ts';
import { closeServer, listen } from './http.ts';
import { type PagerDutySandbox, startPagerDuty } from './pagerduty/server.ts';
import { type PostgresServer, type Setup, startPostgres } from './postgres.ts';
import { type SlackSandbox, startSlack } from './slack/server.ts';
import { startTargetProxy, type TargetProxy } from './targetProxy.ts';
import { DATABASE_SETUP, pagerDutyAccount, WORKSPACE } from './team.ts';

/** Everything that the bot talks to, on this machine: Slack, PagerDuty, PostgreSQL and a team's own service. */
export interface Sandbox {
  readonly slack: SlackSandbox;
  readonly pagerDuty: PagerDutySandbox;
  readonly postgres: PostgresServer;
  readonly proxy: TargetProxy;
  readonly flags: FlagService;
  /** Holds the ledger; gone when the sandbox closes. */
  readonly directory: string;
  /** What the bot is started with; Socket Mode. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const TOKENS = {
  bot: 'xoxb-sandbox-bot-token',
  app: 'xapp-sandbox-app-token',
  signingSecret: 'sandbox-signing-secret',
};
const PAGERDUTY_TOKEN = 'sandbox-pagerduty-token';
const PAGERDUTY_WEBHOOK_SECRET = 'sandbox-pagerduty-webhook-secret';
const FLAGS_SECRET = 'sandbox-flags-shared-secret';

export const policyPath = fileURLToPath(new URL('policy.yaml', import.meta.url));
const manifestPath = fileURLToPath(new URL('../../manifest.yml', import.meta.url));

export async function startSandbox(
  now: () => number,
  startDatabase: (setup: Setup) => Promise<PostgresServer> = startPostgres,
): Promise<Sandbox> {
  // The bot gets just the scopes that its manifest asks for.
  const manifest = parse(readFileSync(manifestPath, 'utf8')) as { oauth_config: { scopes: { bot: string[] } } };
  const [slack, pagerDuty, flags, postgres] = await Promise.all([
    startSlack({ data: WORKSPACE, now, tokens: TOKENS, scopes: manifest.oauth_config.scopes.bot }),
    startPagerDuty({ account: pagerDutyAccount(now()), now, token: PAGERDUTY_TOKEN }),
    startFlagService(FLAGS_SECRET, now),
    startDatabase(DATABASE_SETUP),
  ]);
  const webhookPort = await freePort();
  pagerDuty.subscribe({
    url: `http://127.0.0.1:${webhookPort}/pagerduty/events`,
    secret: PAGERDUTY_WEBHOOK_SECRET,
  });
  const proxy = await startTargetProxy(postgres.port);
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-sandbox-'));
  const throughProxy = (database: string) => `postgres://jitbot:jitbot-sandbox@127.0.0.1:${proxy.port}/${database}`;
  return {
    slack,
    pagerDuty,
    postgres,
    proxy,
    flags,
    directory,
    env: {
      SLACK_BOT_TOKEN: TOKENS.bot,
      SLACK_APP_TOKEN: TOKENS.app,
      SLACK_API_URL: slack.apiUrl,
      PAGERDUTY_TOKEN,
      PAGERDUTY_API_URL: pagerDuty.apiUrl,
      PAGERDUTY_FROM: 'eve@harbor.example',
      PAGERDUTY_WEBHOOK_SECRET,
      PORT: String(webhookPort),
      JIT_SECRET_KEY: '5a'.repeat(32),
      JIT_POLICY: policyPath,
      JIT_DATABASE: join(directory, 'jit.db'),
      PAYMENTS_DB_URL: throughProxy('payments'),
      ORDERS_DB_URL: throughProxy('orders'),
      FLAGS_URL: flags.url,
      FLAGS_SECRET,
    },
    close: async () => {
      await Promise.all([slack.close(), pagerDuty.close(), flags.close(), proxy.close()]);
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Below those that the system hands out for connections, so that none takes it before the bot listens there. */
const PORTS = { from: 20_000, count: 12_000 };

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const probe = createServer();
    try {
      await listen(probe, port);
    } catch {
      // Somebody has it: another.
      continue;
    }
    await closeServer(probe);
    return port;
  }
}
