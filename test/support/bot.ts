import { readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { type Bot, startBot } from '../../src/app/bot.ts';
import { parseEnv } from '../../src/config/env.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { EventType, LedgerEvent } from '../../src/domain/events.ts';
import { findRole, type Policy } from '../../src/domain/policy.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { type Person, personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { messageLines, viewLines } from '../../src/sandbox/render.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Message, OpenView } from '../../src/sandbox/slack/workspace.ts';
import { until } from '../../src/sandbox/until.ts';
import { type JumpClock, jumpClock } from './clock.ts';
import { eventsIn } from './events.ts';
import { BROKEN_FRAME, OWN_FAULT, type RecordedLog, recordedLog } from './log.ts';
import { postgresOnDemand } from './postgresOnDemand.ts';

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
  /** Waits until an event of this type is in the ledger, the newest of them. */
  recorded<T extends EventType>(type: T, count?: number): Promise<LedgerEvent & { type: T }>;
  /** Waits until the bot has logged a line that begins so, this often. */
  logged(message: string, count: number): Promise<void>;
  /** A message as a person reads it. */
  text(message: Message, viewer: string): string;
  viewText(open: OpenView | null, viewer: string): string;
  /** What must not happen has not: looked at when everything that is due by now has run, and not before. */
  stays(what: string, look: () => boolean | Promise<boolean>): Promise<void>;
  until<T>(what: string, look: () => T | undefined | null | false): Promise<T>;
  /** Roles that the bot made at PostgreSQL and that are there now. */
  madeRoles(): Promise<string[]>;
  /** The policy file is saved again; the bot has not read it yet. */
  savePolicy(change: (source: string) => string): void;
  /** As SIGHUP does. */
  reload(): Promise<void>;
  restart(change?: { env?: Record<string, string>; policy?: (source: string) => string }): Promise<void>;
  stopBot(): Promise<void>;
  close(): Promise<void>;
}

/** Every decision in the ledger comes out the same again, from what the ledger has and the policy of that hash. */
function decideAllAgain(events: readonly LedgerEvent[], policies: ReadonlyMap<string, Policy>): void {
  for (const event of events) {
    if (event.type !== 'request.submitted' && event.type !== 'review.recorded') continue;
    const { role, input, decision, policyHash } = event.payload;
    const policy = policies.get(policyHash);
    const found = policy && findRole(policy, role);
    if (!found) throw new Error(`event ${event.seq}: its policy ${policyHash} or its role ${role} is not known`);
    const again = evaluatePolicy(found, input);
    // Break-glass is not decided by the rules; what they would have said is kept beside it.
    if (decision.effect === 'break_glass') expect(again.outcomes).toEqual(decision.outcomes);
    else if (decision.effect === 'canary') expect(decision.rule).toBeNull();
    else expect(again, `event ${event.seq}, decided again`).toEqual(decision);
  }
}

function lookForFaults(log: RecordedLog): void {
  const faults = log.lines.filter(({ facts, message }) => {
    const error = 'err' in facts ? facts.err : undefined;
    return message !== BROKEN_FRAME && error instanceof Error && OWN_FAULT.test(error.constructor.name);
  });
  expect(faults, 'faults of the program in the log').toEqual([]);
}

export interface StageOptions {
  readonly env?: Record<string, string>;
  readonly policy?: (source: string) => string;
}

export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const clock = jumpClock();
  const sandbox = await startSandbox(clock.now, postgresOnDemand);
  const log = recordedLog();
  let bot: Bot | null = null;
  let policyNow: string | null = null;
  const policies = new Map<string, Policy>();

  async function start({ env = {}, policy: change = (source) => source }: StageOptions): Promise<void> {
    const variables = { ...sandbox.env, ...env };
    const source = change(readFileSync(sandbox.env.JIT_POLICY ?? '', 'utf8'));
    const loaded = parsePolicy(source, PROVISIONERS, variables);
    const readPolicy = async () => {
      const read = parsePolicy(policyNow ?? source, PROVISIONERS, variables);
      if ('issues' in read) return { problem: JSON.stringify(read.issues) };
      policies.set(read.policy.hash, read.policy);
      return { policy: read.policy };
    };
    const readPolicyText = (text: string) => {
      const read = parsePolicy(text, PROVISIONERS, variables, { withoutSecrets: true });
      return 'policy' in read ? { policy: read.policy } : { problem: JSON.stringify(read.issues) };
    };
    if ('issues' in loaded) throw new Error(JSON.stringify(loaded.issues));
    policies.set(loaded.policy.hash, loaded.policy);
    bot = await startBot({
      env: parseEnv(variables),
      policy: loaded.policy,
      readPolicy,
      readPolicyText,
      log,
      clock: () => clock,
    });
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
  const events = () => {
    const ledger = openLedgerToRead(sandbox.env.JIT_DATABASE ?? '');
    const found = eventsIn(ledger);
    ledger.close();
    return found;
  };
  const dueOrUnderWay = () => {
    const ledger = openLedgerToRead(sandbox.env.JIT_DATABASE ?? '');
    const found = ledger.sqlite
      .prepare<[number], string>("SELECT kind || ' ' || key FROM jobs WHERE due_at <= ? OR lease_until > 0")
      .pluck()
      .all(clock.now());
    ledger.close();
    return found;
  };
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
    events,
    recorded: (type, count = 1) =>
      vi.waitFor(
        () => {
          const found = events().filter((event): event is LedgerEvent & { type: typeof type } => event.type === type);
          const newest = found.at(-1);
          if (!newest || found.length < count) throw new Error(`the ledger has no ${type} yet (${found.length})`);
          return newest;
        },
        { timeout: 10_000, interval: 25 },
      ),
    logged: (message, count) =>
      vi.waitFor(
        () => {
          const found = log.lines.filter((line) => line.message.startsWith(message)).length;
          if (found < count) throw new Error(`"${message}" was logged ${found} times`);
        },
        { timeout: 10_000, interval: 10 },
      ),
    text: (message, viewer) => messageLines(workspace, message, viewer).join('\n'),
    viewText: (open, viewer) => (open ? viewLines(workspace, open.view, viewer).join('\n') : ''),
    stays: async (what, look) => {
      await expect.poll(() => dueOrUnderWay(), { timeout: 15_000, interval: 25 }).toEqual([]);
      expect(await look(), `stays so: ${what}`).toBe(true);
    },
    until: (what, look) => until(workspace, what, look),
    madeRoles: async () => {
      const [result] = await query(sandbox.postgres.url('postgres'), [
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'",
      ]);
      return (result?.rows ?? []).map((row: { rolname: string }) => row.rolname);
    },
    reload: async () => bot?.reloadPolicy(),
    restart: async (change = options) => {
      await stopBot();
      await start(change);
    },
    savePolicy: (change) => {
      policyNow = change(readFileSync(sandbox.env.JIT_POLICY ?? '', 'utf8'));
    },
    stopBot,
    close: async () => {
      await stopBot();
      decideAllAgain(events(), policies);
      lookForFaults(log);
      await sandbox.close();
    },
  };
}
