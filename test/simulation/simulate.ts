/**
 * A world in a box: the flow, its store (a real SQLite file), its due work and its messages as they are shipped, with the
 * clock, chance, ids, Slack, PagerDuty and targets in the hands of a seed. Each step does one thing (a call ends, somebody
 * acts, time goes by, something fails, the bot dies), lets the bot do what follows, and looks whether all that must hold
 * does. At the end everything works again, and what must have come true is checked.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite, { type Database } from 'better-sqlite3';
import { createFlow, type Flow } from '../../src/app/flow.ts';
import { latestKnown } from '../../src/app/heartbeat.ts';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { HOUR, type Instant, MINUTE, type Millis, SECOND, unknown } from '../../src/domain/terms.ts';
import { sqliteLedger } from '../../src/ledger/open/sqlite.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { unfreeze } from '../../src/lifecycle/health/freeze.ts';
import type { Clock, Log } from '../../src/ports/host.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { createDirectory } from '../../src/slack/directory/directory.ts';
import { type Census, NO_CENSUS } from './census.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { type Disk, diskOf } from './disk.ts';
import { createFront, type Front } from './front/front.ts';
import { createWatcher, storyOf, type Trouble, Violation, type Watcher } from './invariants.ts';
import { CANARY_ROLE } from './model/canary.ts';
import { createOutside, deskOver, expireHeld, type Outside, pagerDutyOver, slackOver, targetsOver } from './outside.ts';
import { createPagerDutyAccount, pagerDutyOnTheWire, wrongAtPagerDuty } from './pagerDuty.ts';
import { createPast, type PolicyName } from './past.ts';
import { somebodyActs } from './people.ts';
import { renamePlace, withTeam } from './team.ts';
import { type Fault, type Temper, temperOf } from './temper.ts';
import { createWebhook } from './webhook.ts';
import { createWire, type Ending, type Service } from './wire.ts';

export interface Run {
  readonly seed: number;
  /** null: all that must hold held. */
  readonly failure: string | null;
  /** What was done, step by step. */
  readonly trace: readonly string[];
  /** What the ledger tells. */
  readonly story: string;
  readonly census: Census;
}

/**
 * Two of six worlds live through a change of clocks in Europe: around the hour that there is not, or twice, and on the
 * morning after it, when a rule's hours begin.
 */
const CHANGES: readonly Instant[] = [
  Date.UTC(2026, 2, 29, 0, 30),
  Date.UTC(2026, 2, 29, 7, 45),
  Date.UTC(2026, 9, 25, 0, 30),
  Date.UTC(2026, 9, 25, 8, 45),
];
const ORDINARY: Instant = Date.UTC(2026, 0, 15, 9);
const changesClocks = (seed: number): boolean => seed % 6 >= 4;
const startOf = (seed: number): Instant =>
  changesClocks(seed) ? (CHANGES[Math.floor(seed / 6) % CHANGES.length] ?? ORDINARY) : ORDINARY;
/** Turns of the event loop after which the bot has done all it can by itself. */
const TURNS = 4;
/** Steps in which everything has to come to rest, once nothing fails any more. */
const MOST_REST_STEPS = 20_000;
/** Steps for which the database is held at most. */
const MOST_HELD_STEPS = 200;
/** How long it may take until everything has come to rest. */
const REST: Millis = 24 * HOUR;

const SOURCE = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8');
/** The file as it is edited while requests wait: a shorter time, one reviewer instead of two, one person fewer, another name. */
const EDITS: readonly (readonly [was: string, becomes: string])[] = [
  ['max: 2h, total: 4h', 'max: 1h, total: 4h'],
  ['needed: 2', 'needed: 1'],
  ['[U0ANA, U0BEN, U0DEV] }', '[U0ANA, U0BEN] }'],
  ['      view:\n', '      look:\n'],
];
const parsed = (source: string) => {
  const found = parsePolicy(source, PROVISIONERS, { SECRET: 'sixteen-characters-at-least' });
  if ('issues' in found) throw new Error(JSON.stringify(found.issues));
  return found.policy;
};
const policiesIn = (first: string): Readonly<Record<PolicyName, Policy>> => ({
  first: parsed(first),
  second: parsed(
    EDITS.reduce((source, [was, becomes]) => {
      if (source.split(was).length !== 2) throw new Error(`policy.yaml does not hold once: ${was}`);
      return source.replace(was, becomes);
    }, first),
  ),
});
const POLICIES = policiesIn(SOURCE);
const CANARY = `canary: { role: ${CANARY_ROLE}, email: canary@harbor.example, every: 20m, lasts: 5m }\n`;
const WITH_CANARY = policiesIn(`${SOURCE}${CANARY}`);
/** One world in five has a canary. */
const policiesOf = (seed: number) => (seed % 5 === 4 ? WITH_CANARY : POLICIES);
/** In memory where there is such a place: what is simulated is the death of the process, not of the disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * @param through what people act through: the flow itself, or Slack's own apps, so that the bot's listeners hear of it; `wide` is
 *   the flow in worlds with PagerDuty on the wire and a database that another program holds
 */
export async function simulate(seed: number, steps: number, through: Through = 'flow'): Promise<Run> {
  const directory = mkdtempSync(join(PLACE, 'jitbot-sim-'));
  const box = createBox(seed, join(directory, 'jit.db'), { through });
  let failure: string | null = null;
  try {
    await box.live(steps);
    await box.comeToRest();
  } catch (error) {
    failure = error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error);
  }
  const story = storyOf(join(directory, 'jit.db'));
  const census = box.census();
  box.close();
  rmSync(directory, { recursive: true, force: true });
  return { seed, failure, trace: box.trace, story, census };
}

export type Through = 'flow' | 'slack' | 'wide';

interface Timer {
  readonly at: Instant;
  readonly callback: () => void;
}

/** The bot, while it lives. */
interface Life {
  readonly core: Flow;
  readonly ledger: OpenLedger;
  /** How people reach it through Slack, in a world where they do. */
  readonly front: Front | null;
}

/** @param options.kills whether the bot dies now and then, and the disk fills up */
export function createBox(
  seed: number,
  path: string,
  { kills = true, through = 'flow' }: { kills?: boolean; through?: Through } = {},
) {
  const chance: Chance = chanceFrom(seed);
  const isWide = through === 'wide';
  const temper: Temper = temperOf(chance, seed, isWide);
  const has = (fault: Fault) => temper.faults.has(fault) && (kills || !['kills', 'full_disk', 'held'].includes(fault));
  const trace: string[] = [];
  const wire = createWire(chance);
  const begin = startOf(seed);
  const policies = policiesOf(seed);
  const policyOf = (hash: string): PolicyName => (hash === policies.second.hash ? 'second' : 'first');
  let wall: Instant = begin;
  /** Time that has really gone by. */
  let elapsed: Millis = 0;
  let timers: Timer[] = [];
  const outside: Outside = createOutside(() => wall);
  const down: Record<Service, boolean> = { slack: false, pagerduty: false, target: false };
  let flaky = true;
  let diskIsFull = false;
  let sawUnwritable = false;
  let disk: Disk | null = null;
  /** Another program that holds the database. */
  let holder: Database | null = null;
  /** What keeps targets from being asked, and anything at all. */
  const trouble: Trouble = { target: begin, services: begin, any: begin };
  const account = temper.asksPagerDuty ? createPagerDutyAccount(outside, begin) : null;
  const past = createPast(outside);
  past.note(begin);
  const counted = { reloads: 0, revocationsOnFullDisk: 0, revocationsWhileHeld: 0, webhooks: 0, renames: 0 };
  /** What PagerDuty has to say of incidents and the bot has not taken yet. */
  let undelivered: string[] = [];
  let life: Life | null = null;
  let watcher: Watcher | null = null;
  /** How often Slack could not be reached, nothing could be written, or the bot died. */
  let troubles = 0;
  let ids = 0;
  /** Beginnings and ends: what a bot says that has died since does not count. */
  let lives = 0;
  let broken: Error | null = null;

  /** As the system's clock is used: it never runs backwards while the bot lives, and goes on where the wall's was set back. */
  function createClock(notBefore: Instant): Clock {
    let anchor = { wall: Math.max(wall, notBefore), elapsed };
    const now = () => {
      const expected = anchor.wall + (elapsed - anchor.elapsed);
      if (wall > expected) anchor = { wall, elapsed };
      return Math.max(wall, expected);
    };
    return {
      now,
      wakeAt: (at, callback) => {
        const timer = { at, callback };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    };
  }

  /** The pauses of a database that another program holds, a second at least: each takes turns of the event loop. */
  function wakeIn(ms: Millis, callback: () => void): () => void {
    const timer = { at: botNow() + Math.max(ms, SECOND), callback };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  const serial = () => {
    ids += 1;
    return ids;
  };

  /** What the bot puts up with, it logs: other people's faults, and none of its own. */
  function createLog(): Log {
    const born = lives;
    const mind = (facts: object, message: string): void => {
      const error = 'err' in facts ? facts.err : undefined;
      if (error === undefined || born !== lives || isExpected(error)) return;
      broken ??= new Violation(`${message}: ${error instanceof Error ? error.stack : error}`);
    };
    return { info: () => undefined, warn: mind, error: mind };
  }

  const countRevocation = () => {
    if (diskIsFull) counted.revocationsOnFullDisk += 1;
    if (holder) counted.revocationsWhileHeld += 1;
  };

  async function start(): Promise<void> {
    const ledger = openLedger(path, { elapsed: { now: () => elapsed, wakeIn } });
    lives += 1;
    const log = createLog();
    try {
      ledger.sqlite.pragma('synchronous = OFF');
      const whole = sqliteLedger(ledger);
      const clock = createClock(await latestKnown(whole));
      const client = slackOver(wire, outside, chance);
      const directory = createDirectory(client, { clock, log });
      const core = await createFlow({
        ledger: whole,
        clock,
        random: chance.next,
        newId: (prefix) => `${prefix}${String(serial()).padStart(10, '0')}`,
        log,
        version: 'simulated',
        policy: policies[outside.policy.file],
        readPolicy: async () => ({ policy: policies[outside.policy.file] }),
        readPolicyText: (text) => ({ policy: text === policies.first.source ? policies.first : policies.second }),
        directory,
        ...(account
          ? pagerDutyOnTheWire(wire, account, { clock, log, chance })
          : { onCall: pagerDutyOver(wire, outside, clock.now), incidents: deskOver(wire) }),
        engine: { ask: async () => unknown('there is none') },
        codes: createCodeBox(null),
        targets: withTeam(
          targetsOver(wire, outside, {
            newSecret: () => `secret-${chance.int(1e9)}-${serial()}`,
            onRevoked: countRevocation,
          }),
          wire,
          { team: outside.team, isWide, onRevoked: countRevocation },
          whole,
        ),
        client,
        checkpoints: null,
        forwarding: { webhook: null, syslog: null },
      });
      const front =
        through === 'slack'
          ? createFront({ flow: core, client, directory, ledger, outside, wire, chance, sense: temper.sense })
          : null;
      life = { core, ledger, front };
      disk = diskOf(ledger.sqlite, temper);
      if (diskIsFull) fillDisk(true);
      // On a full disk the start is recorded when it can be.
      mindEndOf('the start', core.start());
      await settle();
      watcher ??= createWatcher(path, outside, {
        past,
        sawUnwritable: () => sawUnwritable,
        forgetsTime: () => sawUnwritable && (has('clock') || has('kills')),
        policyOf,
        isWide,
        troubles: () => troubles,
        now: botNow,
        troubledAt: () => trouble.services,
      });
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** From now on, for a while, something does not work. */
  function note(what: 'target' | 'service' | 'database'): void {
    trouble.any = botNow();
    if (what !== 'database') trouble.services = botNow();
    if (what === 'target') trouble.target = botNow();
  }

  /** Nothing that was under way in it goes on; what it had sent has arrived or not. */
  function kill(): void {
    wire.cut();
    timers = [];
    lives += 1;
    life?.front?.close();
    life?.ledger.close();
    life = null;
    // What was waiting to be written has tried once more, and waits for nothing now.
    timers = [];
    troubles += 1;
    note('target');
  }

  /** What the bot takes for now. */
  const botNow = (): Instant => life?.core.deps.clock.now() ?? wall;

  function goOn(ms: Millis): void {
    wall += ms;
    elapsed += ms;
    const now = botNow();
    const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    timers = timers.filter(({ at }) => at > now);
    for (const { callback } of due) callback();
  }

  /** Up to so long; what comes due on the way is begun when it is due, and ends the waiting where it asks somebody. */
  async function letTimePass(ms: Millis): Promise<Millis> {
    const busy = wire.size;
    let passed = 0;
    while (passed < ms && wire.size <= busy) {
      const next = Math.min(...timers.map(({ at }) => at)) - botNow();
      const some = Math.min(ms - passed, Math.max(1, next));
      goOn(some);
      passed += some;
      await settle();
    }
    return passed;
  }

  function endingFor(service: Service, canLie: boolean): Ending {
    if (down[service]) {
      if (service === 'slack') troubles += 1;
      return 'failed';
    }
    const isFlaky = flaky && has('flaky') && chance.happens(0.12);
    const lies = flaky && canLie && has('lies') && chance.happens(0.3);
    const ending: Ending = isFlaky ? chance.pick(['failed', 'lost'] as const) : lies ? 'lied' : 'answered';
    if (ending !== 'answered') note(service === 'target' ? 'target' : 'service');
    return ending;
  }

  function fillDisk(full: boolean): void {
    diskIsFull = full;
    sawUnwritable ||= full;
    disk?.fill(full);
  }

  /** As another process does: nobody else can write, and everybody can read. */
  function holdDatabase(isHeld: boolean): void {
    if (isHeld === (holder !== null)) return;
    if (holder) {
      holder.exec('ROLLBACK');
      holder.close();
      holder = null;
      return;
    }
    holder = new SQLite(path, { timeout: 0 });
    holder.exec('BEGIN IMMEDIATE');
    sawUnwritable = true;
  }

  /** People are told that something failed; a fault in the program is none of these. */
  const isExpected = (error: unknown): boolean =>
    error instanceof StorageError ||
    error instanceof ConflictError ||
    (error instanceof Error &&
      /did not answer|no such login|connection was cut|rate-limit|rate limit is used up|Rate Limit Exceeded|knows nothing at \/incidents\/PNOSUCH|still shows the access|does not show what|was not opened|the team shows no/.test(
        error.message,
      ));

  async function act(): Promise<string> {
    if (!life) return 'nobody is there to ask';
    const { name, work } =
      life.front && chance.happens(0.6)
        ? life.front.act()
        : await somebodyActs({ deps: life.core.deps, outside, chance, serial, sense: temper.sense });
    const before = outside.policy.inForce;
    const waiting = (await life.core.deps.store.openRequests({})).length;
    const times = chance.happens(0.1) ? 2 : 1;
    for (let time = 0; time < times; time += 1) mindEndOf(name, work());
    await settle();
    if (before !== policyOf(life.core.deps.policy.hash) && waiting > 0) counted.reloads += 1;
    return times === 1 ? name : `${name}, twice`;
  }

  function mindEndOf(name: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      // What was asked of a bot that has died since is not answered by anybody.
      if (life && !isExpected(error))
        broken ??= new Violation(`${name} ended in ${error instanceof Error ? error.stack : error}`);
    });
  }

  function changeWorld(): string {
    return chance.weighted<() => string>([
      [
        // Somebody takes over, mostly while somebody has what their shift gave them.
        [...outside.held.values()].some(({ role }) => role === 'db/read') ? 30 : 6,
        () => {
          const level = 1 + chance.int(2);
          const slackId = chance.pick(['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV']);
          outside.shifts.set(level, { slackId, until: wall + chance.pick([10 * MINUTE, 20 * MINUTE, 12 * HOUR]) });
          return `${slackId} is on call at level ${level}`;
        },
      ],
      [
        outside.incident.resolved ? 10 : 5,
        () => {
          outside.incident.resolved = !outside.incident.resolved;
          if (isWide) undelivered.push(`incident.${outside.incident.resolved ? 'resolved' : 'reopened'}`);
          return `the incident is ${outside.incident.resolved ? 'resolved' : 'open'}`;
        },
      ],
      [
        1,
        () => {
          const user = outside.workspace.users.get(chance.pick(['U0ANA', 'U0BEN', 'U0DEV', 'U0CHLOE']));
          if (user) user.kind = user.kind === 'member' ? 'deactivated' : 'member';
          return `${user?.id} is ${user?.kind}`;
        },
      ],
      [
        [...outside.workspace.users.values()].some(({ id, kind }) => kind === 'deactivated' && id !== 'U0GRACE')
          ? 4
          : 0,
        () => {
          for (const user of outside.workspace.users.values())
            if (user.kind === 'deactivated' && user.id !== 'U0GRACE') user.kind = 'member';
          return 'everybody is back';
        },
      ],
      [
        1,
        () => {
          const group = outside.workspace.groups.get(chance.pick(['S0PAYLEADS', 'S0DBA', 'S0ENGINEERS', 'S0SRE']));
          if (group) group.members = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE'].filter(() => chance.happens(0.7));
          return `${group?.id} is ${group?.members.join(' ')}`;
        },
      ],
      [
        2,
        () => {
          outside.policy.file = outside.policy.file === 'first' ? 'second' : 'first';
          return `the policy file is the ${outside.policy.file}`;
        },
      ],
      [
        isWide ? 3 : 0,
        () => {
          counted.renames += 1;
          return renamePlace(outside.team, chance.pick(['payments', 'ledger']), chance.happens(0.7));
        },
      ],
      [
        isWide ? 3 : 0,
        () => {
          const who = chance.pick(['U0ANA', 'U0DEV']);
          const { renamed } = outside.team;
          if (!renamed.delete(who)) renamed.add(who);
          counted.renames += 1;
          return `${who} has ${renamed.has(who) ? 'another' : 'their old'} name in the team`;
        },
      ],
    ])();
  }

  /** PagerDuty tells the bot of an incident: late, twice, in any order, or what was so only for a moment. What is not taken it says again. */
  async function deliver(): Promise<string> {
    const type = chance.happens(0.2) ? 'incident.resolved' : chance.pick(undelivered);
    if (!life) return 'nobody is there to take a webhook';
    const { store, clock } = life.core.deps;
    const goesTwice = chance.happens(0.2);
    const taken = createWebhook(store, clock)(type, 'PINC4711').then(() => {
      counted.webhooks += 1;
      if (!goesTwice) undelivered = undelivered.filter((one) => one !== type);
    });
    mindEndOf(`the webhook ${type}`, taken);
    await settle();
    return `PagerDuty says ${type}`;
  }

  function fail(): string | Promise<string> {
    const isAnyDown = Object.values(down).some(Boolean);
    return chance.weighted<() => string | Promise<string>>([
      [
        has('outages') ? (isAnyDown ? 12 : 4) : 0,
        () => {
          const broken = (Object.keys(down) as Service[]).filter((service) => down[service]);
          const service =
            broken.length > 0 && chance.happens(0.8)
              ? chance.pick(broken)
              : chance.pick(['slack', 'pagerduty', 'target'] as const);
          down[service] = !down[service];
          note(service === 'target' ? 'target' : 'service');
          return `${service} is ${down[service] ? 'down' : 'up'}`;
        },
      ],
      [
        has('full_disk') ? (diskIsFull ? 2 : 8) : 0,
        async () => {
          if (!diskIsFull && outside.held.size > 0 && chance.happens(0.7)) await nearlyToAnEnd();
          fillDisk(!diskIsFull);
          note('database');
          return `the disk is ${diskIsFull ? 'full' : 'free'}`;
        },
      ],
      [
        has('clock') ? 2 : 0,
        () => {
          wall -= chance.pick([MINUTE, HOUR]);
          note('target');
          return 'the clock is set back';
        },
      ],
      [diskIsFull ? 4 : 0.001, () => 'nothing else fails'],
    ])();
  }

  /** Calls end, up to so many as this world ends in a step; what follows from each is begun before the next. */
  async function endCalls(): Promise<string> {
    const said: string[] = [];
    for (let count = 1 + chance.int(temper.callsAtOnce); count > 0 && wire.size > 0; count -= 1) {
      said.push(wire.endOne(endingFor) ?? '');
      await settle();
      watcher?.hear(botNow());
    }
    return said.join('; ');
  }

  /** Until shortly before somebody's access is to end, if nothing happens before. */
  async function nearlyToAnEnd(): Promise<void> {
    const soonest = Math.min(...[...outside.held.values()].map(({ expiresAt }) => expiresAt));
    await letTimePass(Math.max(0, soonest - 2 * MINUTE - botNow()));
    watcher?.hear(botNow());
  }

  /** Another program holds the database for so long when access is about to end, while calls end, people act, and the bot may die. */
  async function hold(ms: Millis): Promise<string> {
    await nearlyToAnEnd();
    holdDatabase(true);
    note('database');
    trace.push(`another program holds the database for ${ms} ms`);
    const until = botNow() + ms;
    for (let steps = 0; steps < MOST_HELD_STEPS && botNow() < until; steps += 1) {
      if (has('kills') && chance.happens(0.02)) {
        kill();
        await start();
        await after('the bot is killed, and started at once');
      } else if (wire.size > 0) await after(await endCalls());
      else if (chance.happens(0.1)) await after(await act());
      else await after(`${await letTimePass(until - botNow())} ms go by`);
    }
    holdDatabase(false);
    return 'the database is let go of';
  }

  async function step(): Promise<string> {
    const kind = chance.weighted([
      [wire.size > 0 ? 60 : 0, 'call'],
      [through === 'slack' ? 28 : 16, 'act'],
      [diskIsFull ? 30 : 14, 'time'],
      [4, 'world'],
      [temper.faults.size > 0 ? 3 : 0, 'fault'],
      [undelivered.length > 0 ? 6 : 0, 'webhook'],
      [has('held') && outside.held.size > 0 ? 1.5 : 0, 'held'],
      [has('kills') ? 1.5 : 0, 'kill'],
    ] as const);
    switch (kind) {
      case 'call':
        return endCalls();
      case 'act':
        return act();
      case 'time': {
        // Calls that are under way have deadlines of their own: little time passes before they end.
        const ms =
          wire.size > 0 ? chance.int(2 * SECOND) : chance.pick([SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE]);
        return `${await letTimePass(ms)} ms go by`;
      }
      case 'world': {
        const what = changeWorld();
        past.note(botNow());
        return what;
      }
      case 'webhook':
        return deliver();
      case 'fault':
        return fail();
      case 'held':
        return hold(chance.pick([10 * SECOND, 2 * MINUTE, 8 * MINUTE, 8 * MINUTE]));
      case 'kill': {
        kill();
        const ms = chance.pick([0, SECOND, 10 * MINUTE, 3 * HOUR]);
        wall += ms;
        elapsed += ms;
        if (diskIsFull && chance.happens(0.3)) diskIsFull = false;
        await start();
        note('target');
        return `the bot is killed, and started ${ms} ms later`;
      }
    }
  }

  async function after(what: string): Promise<void> {
    trace.push(what);
    await settle();
    if (broken) throw broken;
    const isUnwritable = diskIsFull || holder !== null;
    if (isUnwritable) troubles += 1;
    if (down.target || !life) trouble.target = botNow();
    if (Object.values(down).some(Boolean) || !life) note('service');
    if (isUnwritable) note('database');
    if (temper.targetsExpire) expireHeld(outside, wall);
    watcher?.look(botNow(), trouble);
  }

  return {
    trace,
    census: (): Census => {
      const seen = { ...(watcher?.census() ?? NO_CENSUS), ...counted };
      return { ...seen, acrossClockChange: changesClocks(seed) ? seen.grants : 0 };
    },
    live: async (steps: number) => {
      flaky = true;
      if (!life) await start();
      await after('start');
      for (let done = 0; done < steps; done += 1) await after(await step());
    },
    /** Everything works again, and nobody asks for anything new. */
    comeToRest: async () => {
      for (const service of ['slack', 'pagerduty', 'target'] as const) down[service] = false;
      flaky = false;
      if (!life) await start();
      fillDisk(false);
      holdDatabase(false);
      note('target');
      await after('everything works again');
      const until = botNow() + REST;
      for (let steps = 0; steps < MOST_REST_STEPS; steps += 1) {
        if (wire.size > 0) {
          await after(wire.endOne(() => 'answered') ?? '');
          continue;
        }
        if (watcher?.isAtRest()) break;
        const next = Math.min(...timers.map(({ at }) => at));
        if (next > until) break;
        goOn(Math.max(0, next - botNow()));
        await after('time goes by');
      }
      watcher?.lookAtTheEnd();
      const wrong = account && watcher ? wrongAtPagerDuty(account, watcher.count('break_glass.invoked')) : null;
      if (wrong !== null) throw new Violation(wrong);
    },
    /** Everybody is back, in their groups, and nothing is frozen: otherwise a long run ends in a world where nobody may do anything. */
    heal: async () => {
      for (const service of ['slack', 'pagerduty', 'target'] as const) down[service] = false;
      fillDisk(false);
      holdDatabase(false);
      const { users, groups } = createOutside(() => wall).workspace;
      for (const user of users.values()) outside.workspace.users.set(user.id, user);
      for (const group of groups.values()) outside.workspace.groups.set(group.id, group);
      outside.shifts.set(1, {
        slackId: chance.pick(['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV']),
        until: botNow() + 24 * HOUR,
      });
      if (life) mindEndOf('U0EVE lifts the freeze', unfreeze(life.core.deps, { personId: 'U0EVE' }));
      await after('everything is as it was');
    },
    /** Nobody asks for anything until so long after the start; what is due is done. */
    idleUntil: async (passed: Millis) => {
      flaky = false;
      while (botNow() < begin + passed) {
        if (wire.size > 0) await after(wire.endOne(() => 'answered') ?? '');
        else {
          goOn(Math.max(1, Math.min(begin + passed, ...timers.map(({ at }) => at)) - botNow()));
          await after('time goes by');
        }
      }
    },
    /** What Slack shows so far is no longer of interest. */
    forgetMessages: () => {
      const { messages } = outside.workspace;
      messages.splice(0, messages.length - 50);
      watcher?.forget();
      trace.length = 0;
    },
    close: () => {
      holdDatabase(false);
      kill();
      watcher?.close();
    },
  };
}
