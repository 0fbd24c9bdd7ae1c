import { readFileSync } from 'node:fs';
import { type Bot, startBot } from '../../src/bot.ts';
import { parseEnv } from '../../src/config/env.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { eventReader } from '../../src/ledger/events.ts';
import { openLedgerToRead } from '../../src/ledger/open.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { messageLines, viewLines } from '../../src/sandbox/render.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Message, OpenView } from '../../src/sandbox/slack/workspace.ts';
import { until } from '../../src/sandbox/until.ts';
import { type JumpClock, jumpClock } from './clock.ts';
import { type RecordedLog, recordedLog } from './log.ts';

/** The bot in this process, on a sandbox of its own. */
export interface Stage {
  readonly sandbox: Sandbox;
  readonly clock: JumpClock;
  readonly log: RecordedLog;
  readonly ana: Person;
  readonly ben: Person;
  readonly chloe: Person;
  readonly dev: Person;
  readonly eve: Person;
  person(id: string): Person;
  /** What is in the ledger, as somebody beside the bot reads it. */
  events(): readonly LedgerEvent[];
  /** A message as a person reads it. */
  text(message: Message, viewer: string): string;
  viewText(open: OpenView | null, viewer: string): string;
  until<T>(what: string, look: () => T | undefined | null | false): Promise<T>;
  /** Roles that the bot made at PostgreSQL and that are there now. */
  madeRoles(): Promise<string[]>;
  restart(change?: { env?: Record<string, string>; policy?: (source: string) => string }): Promise<void>;
  stopBot(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly env?: Record<string, string>;
  readonly policy?: (source: string) => string;
}

export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const clock = jumpClock();
  const sandbox = await startSandbox(clock.now);
  const log = recordedLog();
  let bot: Bot | null = null;

  async function start({ env = {}, policy: change = (source) => source }: StageOptions): Promise<void> {
    const variables = { ...sandbox.env, ...env };
    const source = change(readFileSync(sandbox.env.JIT_POLICY ?? '', 'utf8'));
    const loaded = parsePolicy(source, PROVISIONERS, variables);
    if ('issues' in loaded) throw new Error(JSON.stringify(loaded.issues));
    bot = await startBot({ env: parseEnv(variables), policy: loaded.policy, log, clock: () => clock });
    if (env.SLACK_SIGNING_SECRET === undefined) await connected();
  }

  async function connected(): Promise<void> {
    const { workspace, link } = sandbox.slack;
    const looking = setInterval(() => workspace.changed(), 10);
    await until(workspace, 'the bot connects', () => link.connections() > 0).finally(() => clearInterval(looking));
  }

  const stopBot = async () => {
    await bot?.stop('test');
    bot = null;
  };
  await start(options);
  const { workspace } = sandbox.slack;
  const person = (id: string) => personAt(sandbox.slack, id);
  return {
    sandbox,
    clock,
    log,
    person,
    ana: person('U0ANA'),
    ben: person('U0BEN'),
    chloe: person('U0CHLOE'),
    dev: person('U0DEV'),
    eve: person('U0EVE'),
    events: () => {
      const ledger = openLedgerToRead(sandbox.env.JIT_DATABASE ?? '');
      const events = eventReader(ledger).after(0, 10_000);
      ledger.close();
      return events;
    },
    text: (message, viewer) => messageLines(workspace, message, viewer).join('\n'),
    viewText: (open, viewer) => (open ? viewLines(workspace, open.view, viewer).join('\n') : ''),
    until: (what, look) => until(workspace, what, look),
    madeRoles: async () => {
      const [result] = await query(sandbox.postgres.url('postgres'), [
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'",
      ]);
      return (result?.rows ?? []).map((row: { rolname: string }) => row.rolname);
    },
    restart: async (change = options) => {
      await stopBot();
      await start(change);
    },
    stopBot,
    close: async () => {
      await stopBot();
      await sandbox.close();
    },
  };
}
