/**
 * The real process under load, killed with SIGKILL at random moments, over and over, against the workspace on the wire, a
 * real PostgreSQL and a real receiver of webhooks; then left alone, and looked at.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createBotProcess } from '../../src/sandbox/botProcess.ts';
import { createSandboxClock } from '../../src/sandbox/clock/sandboxClock.ts';
import { personAt } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { type Chance, chanceFrom } from '../simulation/chance.ts';
import { eventsIn } from '../support/events.ts';
import { BROKEN_FRAME, OWN_FAULT } from '../support/log.ts';

export interface KillReport {
  readonly kills: number;
  readonly events: number;
  readonly grants: number;
  /** For how long the bot's event loop was held up at most, once it was up. In milliseconds. */
  readonly longestStall: number;
  /** What must not be; empty: all is well. */
  readonly wrong: readonly string[];
}

const STALL_PROBE = new URL('stallProbe.ts', import.meta.url).href;
/** Younger than this, a process is still loading its modules. In milliseconds. */
const UP_AFTER = 1_500;
const HOUR = 3_600_000;
/** How long everything may take to come to rest, in real time. */
const REST_MS = 120_000;
const LINES = [
  'request payments read 30m stuck payments',
  'request orders read 30m order 4411 again',
  'request feature-flags edit 30m checkout flag',
  'request payments admin 20m checkout is down',
  'break-glass payments admin 20m Checkout is down for everybody',
  'list',
];
const PEOPLE = ['U0ANA', 'U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV'];
const BUTTONS = ['review_approve', 'review_approve', 'grant_end', 'grant_credential'];

export async function killOften({ times, seed }: { times: number; seed: number }): Promise<KillReport> {
  const chance = chanceFrom(seed);
  const clock = createSandboxClock();
  const sandbox = await startSandbox(clock.now);
  const logPath = join(sandbox.directory, 'bot.log');
  const stallFile = join(sandbox.directory, 'stalls');
  writeFileSync(stallFile, '');
  const probe = { STALL_FILE: stallFile, NODE_OPTIONS: `--import=${STALL_PROBE}` };
  const bot = createBotProcess({ ...sandbox.env, ...probe }, clock, logPath);
  const { workspace, people } = sandbox.slack;
  const wrong: string[] = [];
  try {
    for (let kills = 0; kills < times; kills += 1) {
      const starting = bot.start();
      // Some die before they are up.
      if (chance.happens(0.1)) await Promise.race([starting, pause(chance.int(500))]);
      else await starting;
      for (let acts = 2 + chance.int(8); acts > 0; acts -= 1) act(chance);
      if (chance.happens(0.2)) clock.jump(chance.int(40) * 60_000);
      await pause(chance.int(900));
      await Promise.all([bot.kill(), starting.catch(() => undefined)]);
    }
    await bot.start();
    const deadline = Date.now() + REST_MS;
    let left = await whatIsLeft();
    for (clock.jump(5 * HOUR); left.length > 0 && Date.now() < deadline; left = await whatIsLeft()) {
      await pause(500);
      clock.jump(60_000);
    }
    wrong.push(...left);
    await bot.stop();
    wrong.push(...faultsIn(readFileSync(logPath, 'utf8')));
    return { kills: times, ...lookAtLedger(), longestStall: longestIn(readFileSync(stallFile, 'utf8')), wrong };
  } finally {
    await bot.kill();
    await sandbox.close();
  }

  /** Somebody types or clicks; whether anybody is there to hear it is another matter. */
  function act(by: Chance): void {
    const who = by.pick(PEOPLE);
    const messages = workspace.messages.slice(-30);
    const seen = messages.filter((message) => BUTTONS.some((id) => JSON.stringify(message.blocks).includes(`"${id}"`)));
    const work =
      seen.length > 0 && by.happens(0.5)
        ? people.click(by.pick(PEOPLE), by.pick(seen), by.pick(BUTTONS))
        : personAt(sandbox.slack, who).jit(by.pick(LINES));
    // Slack tells the person that the app did not answer; they try again, or not.
    work.catch(() => undefined);
  }

  async function whatIsLeft(): Promise<string[]> {
    const [roles, members] = await query(sandbox.postgres.url('postgres'), [
      "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'",
      "SELECT r.rolname || ' to ' || m.rolname AS held FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member WHERE m.rolname IN ('ana', 'ben')",
    ]);
    const ledger = openLedgerToRead(sandbox.env.JIT_DATABASE ?? '');
    const live = ledger.sqlite
      .prepare("SELECT id || ' ' || state FROM grants WHERE state IN ('provisioning', 'active', 'revoking', 'overdue')")
      .pluck()
      .all() as string[];
    const newest = (await createEventReader(ledger).newest())?.seq ?? 0;
    ledger.close();
    const shown = shownInAudit();
    return [
      ...(roles?.rows ?? []).map(({ rolname }) => `PostgreSQL has the role ${rolname}`),
      ...(members?.rows ?? []).map(({ held }) => `PostgreSQL gives ${held}`),
      ...[...sandbox.flags.editors.keys()].map((id) => `the flag service lets ${id} edit`),
      ...live.map((grant) => `live in the ledger: ${grant}`),
      ...(shown.length < newest ? [`the audit channel shows ${shown.length} of ${newest} events`] : []),
    ];
  }

  function shownInAudit(): number[] {
    return workspace.messages.flatMap(({ channel, metadata }) => {
      if (channel !== 'C0AUDIT' || metadata?.event_type !== 'jitbot_audit') return [];
      const { from, to } = metadata.event_payload as { from: number; to: number };
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
  }

  function lookAtLedger(): { events: number; grants: number } {
    const ledger = openLedgerToRead(sandbox.env.JIT_DATABASE ?? '');
    const events = eventsIn(ledger);
    const result = verifyLedger(ledger);
    ledger.close();
    if (!result.whole) wrong.push(result.problem);
    const shown = shownInAudit();
    const out = shown.findIndex((seq, index) => seq !== index + 1);
    if (out >= 0) wrong.push(`the audit channel shows event ${shown[out]} where ${out + 1} belongs`);
    const approved = new Set<string | null>();
    let grants = 0;
    for (const { type, requestId, grantId } of events) {
      if (type === 'request.approved') approved.add(requestId);
      if (type !== 'grant.activated') continue;
      grants += 1;
      if (!approved.has(requestId)) wrong.push(`${grantId} was given without an approval`);
    }
    return { events: events.length, grants };
  }
}

const longestIn = (stalls: string): number =>
  Math.max(
    0,
    ...stalls.split('\n').flatMap((line) => {
      const [age = 0, stall = 0] = line.split(' ').map(Number);
      return age > UP_AFTER ? [stall] : [];
    }),
  );

/** A line that a kill cut short says nothing. */
function faultsIn(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    const { err, msg } = JSON.parse(line) as { err?: { type: string; stack: string }; msg: string };
    return err && msg !== BROKEN_FRAME && OWN_FAULT.test(err.type) ? [`the bot's log: ${msg}: ${err.stack}`] : [];
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `npm run kills -- [TIMES] [SEED]`. Exit code 1: something was wrong. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [times = '300', seed = '1'] = process.argv.slice(2);
  const report = await killOften({ times: Number(times), seed: Number(seed) });
  const { kills, events, grants, longestStall, wrong } = report;
  process.stdout.write(`killed ${kills} times: ${events} events, ${grants} accesses given\n`);
  process.stdout.write(`longest stall of the event loop: ${longestStall} ms\n`);
  process.stdout.write(wrong.length === 0 ? 'nothing was left behind, nothing is missing\n' : `${wrong.join('\n')}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
