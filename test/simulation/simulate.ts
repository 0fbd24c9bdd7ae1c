import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { type Core, createCore, latestKnown } from '../../src/core.ts';
import { HOUR, type Instant, MINUTE, type Millis, SECOND, unknown } from '../../src/domain/terms.ts';
import { createIdBook } from '../../src/ledger/idBook.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/open.ts';
import { createSeatBook } from '../../src/ledger/seatBook.ts';
import { unfreeze } from '../../src/lifecycle/freeze.ts';
import { type Clock, ConflictError, type Log, StorageError } from '../../src/ports.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { createDirectory } from '../../src/slack/people.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { createWatcher, storyOf, Violation, type Watcher } from './invariants.ts';
import { createOutside, deskOver, type Outside, pagerDutyOver, slackOver, targetsOver } from './outside.ts';
import { somebodyActs } from './people.ts';
import { withTeam } from './team.ts';
import { createWire, type Ending, type Service } from './wire.ts';

/**
 * A world in a box: the flow, its store (a real SQLite file), its due work and its messages as they are shipped, with the
 * clock, chance, ids, Slack, PagerDuty and targets in the hands of a seed. Each step does one thing (a call ends, somebody
 * acts, time goes by, something fails, the bot dies), lets the bot do what follows, and looks whether all that must hold
 * does. At the end everything works again, and what must have come true is checked.
 */

export interface Run {
  readonly seed: number;
  /** null: all that must hold held. */
  readonly failure: string | null;
  /** What was done, step by step. */
  readonly trace: readonly string[];
  /** What the ledger tells. */
  readonly story: string;
}

const START = Date.UTC(2026, 0, 15, 9);
/** Turns of the event loop after which the bot has done all it can by itself. */
const TURNS = 4;
/** Steps in which everything has to come to rest, once nothing fails any more. */
const MOST_REST_STEPS = 20_000;
/** How long it may take until everything has come to rest. */
const REST: Millis = 24 * HOUR;

const { policy } = (() => {
  const source = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8');
  const parsed = parsePolicy(source, PROVISIONERS, { SECRET: 'sixteen-characters-at-least' });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed;
})();
/** In memory where there is such a place: what is simulated is the death of the process, not of the disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export async function simulate(seed: number, steps: number): Promise<Run> {
  const directory = mkdtempSync(join(PLACE, 'jitbot-sim-'));
  const box = createBox(seed, join(directory, 'jit.db'));
  let failure: string | null = null;
  try {
    await box.live(steps);
    await box.comeToRest();
  } catch (error) {
    failure = error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error);
  }
  const story = storyOf(join(directory, 'jit.db'));
  box.close();
  rmSync(directory, { recursive: true, force: true });
  return { seed, failure, trace: box.trace, story };
}

interface Timer {
  readonly at: Instant;
  readonly callback: () => void;
}

/** The bot, while it lives. */
interface Life {
  readonly core: Core;
  readonly ledger: OpenLedger;
}

/** @param options.kills whether the bot dies now and then, and the disk fills up */
export function createBox(seed: number, path: string, { kills = true } = {}) {
  const chance: Chance = chanceFrom(seed);
  const trace: string[] = [];
  const wire = createWire(chance);
  let wall: Instant = START;
  /** Time that has really gone by. */
  let elapsed: Millis = 0;
  let timers: Timer[] = [];
  const outside: Outside = createOutside(() => wall);
  const down: Record<Service, boolean> = { slack: false, pagerduty: false, target: false };
  let flaky = true;
  let diskIsFull = false;
  let lastTrouble: Instant = START;
  let life: Life | null = null;
  let watcher: Watcher | null = null;
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

  async function start(): Promise<void> {
    const ledger = openLedger(path);
    lives += 1;
    const log = createLog();
    try {
      ledger.sqlite.pragma('synchronous = OFF');
      const clock = createClock(latestKnown(ledger));
      const client = slackOver(wire, outside, chance);
      const core = createCore({
        ledger,
        clock,
        random: chance.next,
        newId: (prefix) => `${prefix}${String(serial()).padStart(10, '0')}`,
        log,
        version: 'simulated',
        policy,
        readPolicy: () => ({ policy }),
        readPolicyText: () => ({ policy }),
        directory: createDirectory(client, { clock, log }),
        onCall: pagerDutyOver(wire, outside, clock.now),
        incidents: deskOver(wire),
        engine: { ask: async () => unknown('there is none') },
        codes: createCodeBox(null),
        targets: withTeam(
          targetsOver(wire, outside, () => `secret-${chance.int(1e9)}-${serial()}`),
          wire,
          outside.team,
          { seats: createSeatBook(ledger), ids: createIdBook(ledger) },
        ),
        client,
        checkpoints: null,
        forwarding: { webhook: null, syslog: null },
      });
      await core.start();
      life = { core, ledger };
      watcher ??= createWatcher(path, outside);
    } catch (error) {
      ledger.close();
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** Nothing that was under way in it goes on; what it had sent has arrived or not. */
  function kill(): void {
    wire.cut();
    timers = [];
    lives += 1;
    life?.ledger.close();
    life = null;
    lastTrouble = botNow();
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

  function endingFor(service: Service): Ending {
    if (down[service]) return 'failed';
    const ending: Ending = flaky && chance.happens(0.12) ? chance.pick(['failed', 'lost'] as const) : 'answered';
    if (service === 'target' && ending !== 'answered') lastTrouble = botNow();
    return ending;
  }

  /** From then on nothing can be written that needs another page; what is in the file stays readable. */
  function fillDisk(full: boolean): void {
    diskIsFull = full;
    if (!life) return;
    const pages = life.ledger.sqlite.pragma('page_count', { simple: true }) as number;
    life.ledger.sqlite.pragma(`max_page_count = ${full ? pages : 1_000_000_000}`);
  }

  /** People are told that something failed; a fault in the program is none of these. */
  const isExpected = (error: unknown): boolean =>
    error instanceof StorageError ||
    error instanceof ConflictError ||
    (error instanceof Error &&
      /did not answer|no such login|connection was cut|rate-limit|still shows the access/.test(error.message));

  async function act(): Promise<string> {
    if (!life) return 'nobody is there to ask';
    const { name, work } = await somebodyActs(life.core.deps, chance, serial);
    const times = chance.happens(0.15) ? 2 : 1;
    for (let time = 0; time < times; time += 1) mindEndOf(name, work());
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
        3,
        () => {
          const level = 1 + chance.int(2);
          const slackId = chance.pick(['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV']);
          outside.shifts.set(level, { slackId, until: wall + chance.pick([20 * MINUTE, 2 * HOUR, 12 * HOUR]) });
          return `${slackId} is on call at level ${level}`;
        },
      ],
      [
        2,
        () => {
          outside.incident.resolved = !outside.incident.resolved;
          return `the incident is ${outside.incident.resolved ? 'resolved' : 'open'}`;
        },
      ],
      [
        1,
        () => {
          const user = outside.workspace.users.get(chance.pick(['U0ANA', 'U0BEN', 'U0DEV']));
          if (user) user.kind = user.kind === 'member' ? 'deactivated' : 'member';
          return `${user?.id} is ${user?.kind}`;
        },
      ],
      [
        1,
        () => {
          const group = outside.workspace.groups.get(chance.pick(['S0PAYLEADS', 'S0DBA', 'S0ENGINEERS']));
          if (group) group.members = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE'].filter(() => chance.happens(0.6));
          return `${group?.id} is ${group?.members.join(' ')}`;
        },
      ],
    ])();
  }

  function fail(): string {
    return chance.weighted<() => string>([
      [
        4,
        () => {
          const service = chance.pick(['slack', 'pagerduty', 'target'] as const);
          down[service] = !down[service];
          lastTrouble = botNow();
          return `${service} is ${down[service] ? 'down' : 'up'}`;
        },
      ],
      [
        1,
        () => {
          fillDisk(!diskIsFull);
          lastTrouble = botNow();
          return `the disk is ${diskIsFull ? 'full' : 'free'}`;
        },
      ],
      [
        1,
        () => {
          wall -= chance.pick([MINUTE, HOUR]);
          return 'the clock is set back';
        },
      ],
    ])();
  }

  async function step(): Promise<string> {
    const kind = chance.weighted([
      [wire.size > 0 ? 60 : 0, 'call'],
      [14, 'act'],
      [20, 'time'],
      [3, 'world'],
      [2, 'fault'],
      [kills ? 1.5 : 0, 'kill'],
    ] as const);
    switch (kind) {
      case 'call':
        return wire.endOne(endingFor) ?? 'nothing is under way';
      case 'act':
        return act();
      case 'time': {
        // Calls that are under way have deadlines of their own: little time passes before they end.
        const ms =
          wire.size > 0 ? chance.int(2 * SECOND) : chance.pick([SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE]);
        return `${await letTimePass(ms)} ms go by`;
      }
      case 'world':
        return changeWorld();
      case 'fault':
        return fail();
      case 'kill': {
        kill();
        const ms = chance.pick([0, SECOND, 10 * MINUTE, 3 * HOUR]);
        wall += ms;
        elapsed += ms;
        if (diskIsFull && chance.happens(0.5)) diskIsFull = false;
        await start();
        if (life && diskIsFull) fillDisk(true);
        lastTrouble = botNow();
        return `the bot is killed, and started ${ms} ms later`;
      }
    }
  }

  async function after(what: string): Promise<void> {
    trace.push(what);
    await settle();
    if (broken) throw broken;
    const troubled = down.target || diskIsFull || !life;
    if (troubled) lastTrouble = botNow();
    watcher?.look(botNow(), lastTrouble);
  }

  return {
    trace,
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
      lastTrouble = botNow();
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
    },
    /** Everybody is back, in their groups, and nothing is frozen: otherwise a long run ends in a world where nobody may do anything. */
    heal: async () => {
      for (const service of ['slack', 'pagerduty', 'target'] as const) down[service] = false;
      fillDisk(false);
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
      while (botNow() < START + passed) {
        if (wire.size > 0) await after(wire.endOne(() => 'answered') ?? '');
        else {
          goOn(Math.max(1, Math.min(START + passed, ...timers.map(({ at }) => at)) - botNow()));
          await after('time goes by');
        }
      }
    },
    /** What Slack shows so far is no longer of interest. */
    forgetMessages: () => {
      const { messages } = outside.workspace;
      messages.splice(0, messages.length - 50);
      trace.length = 0;
    },
    close: () => {
      kill();
      watcher?.close();
    },
  };
}
