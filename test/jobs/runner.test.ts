import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backoff, type Kind } from '../../src/jobs/lane.ts';
import { createRunner, type Runner } from '../../src/jobs/runner.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import type { JobHandler, JobQueue } from '../../src/ports/jobs.ts';
import { StorageError, type Store } from '../../src/ports/store.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';

let directory: string;
let ledger: OpenLedger;
let queue: JobQueue;
let store: Store;
let clock: ManualClock;
let log: RecordedLog;
let runner: Runner;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-jobs-'));
  ledger = openLedger(join(directory, 'jit.db'));
  clock = manualClock();
  log = recordedLog();
  queue = createJobQueue(ledger);
  store = createStore(ledger, { clock, followUps: () => [], onDue: () => runner?.poke(new Set(['end', 'card'])) });
});
afterEach(async () => {
  await runner.stop();
  ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

const never = { maxBackoff: 60_000, maxAttempts: Number.POSITIVE_INFINITY };
function run(end: JobHandler, more: Partial<Record<'card', Kind>> = {}, useQueue = queue, concurrency = 2) {
  runner = createRunner({
    queue: useQueue,
    clock,
    log,
    random: () => 0.5,
    lanes: [
      { concurrency, kinds: { end: { handle: end, ...never, evenWithoutRecord: true } } },
      { concurrency: 1, kinds: more },
    ],
  });
  runner.start();
}
const put = (key: string, dueInMs = 0, kind: 'end' | 'card' = 'end') =>
  store.commit({ jobs: [{ kind, key, dueAt: clock.now() + dueInMs }] });
const done = () => runner.stop();

test('work runs when it is due, not before, and only once', async () => {
  const ran: string[] = [];
  run(async (key) => {
    ran.push(key);
    return null;
  });
  await put('later', 1_000);
  await put('now');
  await expect.poll(() => ran).toEqual(['now']);
  clock.advance(999);
  expect(ran).toEqual(['now']);
  clock.advance(1);
  await expect.poll(() => ran).toEqual(['now', 'later']);
  expect(await queue.nextDueAt(['end'], clock.now())).toBeNull();
});

test('work of the first lane is under way before that of the next is claimed', async () => {
  const steps: string[] = [];
  const told: JobQueue = {
    ...queue,
    claim: async (kinds, now, limit, lease) => {
      const claims = await queue.claim(kinds, now, limit, lease);
      steps.push(...claims.map(({ kind, key }) => `claimed ${kind} ${key}`));
      return claims;
    },
  };
  const card: Kind = {
    handle: async (key) => {
      steps.push(`sent ${key}`);
      return null;
    },
    ...never,
  };
  const end: JobHandler = async (key) => {
    await store.grant(key);
    steps.push(`asked the target for ${key}`);
    return null;
  };
  run(end, { card }, told);
  await store.commit({
    jobs: [
      { kind: 'card', key: 'c', dueAt: clock.now() },
      { kind: 'end', key: 'g', dueAt: clock.now() },
    ],
  });
  await expect.poll(() => steps).toEqual(['asked the target for g', 'claimed card c', 'sent c']);
});

test('the oldest due work goes first, and no more than the limit at once', async () => {
  let atOnce = 0;
  let most = 0;
  const ran: string[] = [];
  for (const [key, due] of [
    ['c', 3],
    ['a', 1],
    ['b', 2],
  ] as const)
    await put(key, due);
  clock.advance(10);
  run(async (key) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    ran.push(key);
    await Promise.resolve();
    atOnce -= 1;
    return null;
  });
  await expect.poll(() => ran).toEqual(['a', 'b', 'c']);
  expect(most).toBe(2);
});

test('a failure is tried again after a pause that doubles up to its limit, for ever', async () => {
  expect([1, 2, 3, 10].map((attempt) => backoff(attempt, 60_000, 0.5))).toEqual([1_000, 2_000, 4_000, 60_000]);
  const attempts: number[] = [];
  run(async (_key, attempt) => {
    attempts.push(attempt);
    throw new Error('the target is down');
  });
  await put('g');
  for (let turn = 1; turn <= 30; turn += 1) {
    await expect.poll(() => attempts.length).toBe(turn);
    await expect.poll(async () => ((await queue.nextDueAt(['end'], clock.now())) ?? 0) > clock.now()).toBe(true);
    clock.advance(75_000);
  }
  expect(attempts.slice(0, 3)).toEqual([1, 2, 3]);
});

test('waiting forgets no earlier try: what it may have done is still looked for', async () => {
  const attempts: number[] = [];
  run(async (_key, attempt) => {
    attempts.push(attempt);
    if (attempts.length === 1) throw new Error('the answer was lost');
    if (attempts.length === 2) return { notBefore: clock.now() + 1_000, waiting: true };
    return attempts.length === 3 ? { notBefore: clock.now() + 1_000 } : null;
  });
  await put('g');
  for (let turn = 1; turn <= 4; turn += 1) {
    await expect.poll(() => attempts.length).toBe(turn);
    await expect
      .poll(async () => (await queue.nextDueAt(['end'], clock.now())) ?? Infinity)
      .toBeGreaterThan(clock.now());
    clock.advance(5_000);
  }
  // The second and third are the same try; after it was done, a new round begins.
  expect(attempts).toEqual([1, 2, 2, 1]);
});

test('a message that keeps failing is given up in the end, loudly', async () => {
  run(async () => null, {
    card: { handle: () => Promise.reject(new Error('is_archived')), maxBackoff: 1, maxAttempts: 3 },
  });
  await put('R1', 0, 'card');
  for (const tries of [1, 2]) {
    await expect.poll(() => log.lines.filter(({ message }) => message.startsWith('a job failed')).length).toBe(tries);
    await expect.poll(() => queue.nextDueAt(['card'], clock.now())).not.toBe(null);
    clock.advance(10);
  }
  await expect.poll(() => log.lines.some((line) => line.message === 'gave up on a job')).toBe(true);
});

test('work that is queued again while it runs runs again afterwards', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let runs = 0;
  run(async () => {
    runs += 1;
    if (runs === 1) await gate;
    return null;
  });
  await put('g');
  await expect.poll(() => runs).toBe(1);
  await put('g');
  open();
  await expect.poll(() => runs).toBe(2);
});

test('work queued again as it ends runs again immediately, not at its claim’s end', async () => {
  let runs = 0;
  const handle = async () => {
    runs += 1;
    return null;
  };
  // Recorded as done, and not yet forgotten by the runner: then it comes again, and is claimed.
  const settle: JobQueue['settle'] = async (settled) => {
    await queue.settle(settled);
    if (runs === 1) await put('g');
  };
  run(handle, {}, { ...queue, settle });
  await put('g');
  await expect.poll(() => runs).toBe(2);
});

test('work of a process that died is done by the next one', async () => {
  await put('g');
  expect(await queue.claim(['end'], clock.now(), 5, 60_000)).toHaveLength(1);
  expect(await queue.claim(['end'], clock.now(), 5, 60_000)).toHaveLength(0);
  await queue.releaseAll();
  const attempts: number[] = [];
  run(async (_key, attempt) => {
    attempts.push(attempt);
    return null;
  });
  await expect.poll(() => attempts).toEqual([2]);
});

describe('with a database that cannot be written', () => {
  const broken = (): JobQueue => {
    const full = async () => {
      throw new StorageError('the disk is full');
    };
    return { ...queue, claim: full, settle: full };
  };

  test('due ends are all carried out anyway, with errors in the log', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) await put(key);
    const ended: string[] = [];
    run(
      async (key) => {
        ended.push(key);
        throw new StorageError('the disk is full');
      },
      {},
      broken(),
      2,
    );
    await expect.poll(() => ended.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(log.lines.some((line) => line.level === 'error' && line.message.includes('taken back all the same'))).toBe(
      true,
    );
  });

  test('one that the target refuses is tried again after a pause, and holds up nobody', async () => {
    for (const key of ['a', 'b', 'c']) await put(key);
    const tried: string[] = [];
    run(
      async (key) => {
        tried.push(key);
        throw new Error('the target is down');
      },
      {},
      broken(),
      1,
    );
    await expect.poll(() => tried).toEqual(['a', 'b', 'c']);
    clock.advance(5_000);
    await expect.poll(() => tried).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });
});

describe.each([
  ['the disk was full for a moment', new StorageError('the disk is full')],
  ['another program held the database', new StorageError('the database is locked', { isBusy: true })],
])('what became of work and could not be recorded, because %s', (_why, problem) => {
  /** Takes work, and cannot record what became of the first of it. */
  const fullAtFirst = (times = 1): JobQueue => {
    let left = times;
    return {
      ...queue,
      settle: async (settled) => {
        if (left === 0) return queue.settle(settled);
        left -= 1;
        throw problem;
      },
    };
  };

  test('is recorded as soon as possible: finished work is not done again', async () => {
    await put('a');
    const ran: string[] = [];
    run(
      async (key) => {
        ran.push(key);
        return null;
      },
      {},
      fullAtFirst(),
    );
    await expect.poll(() => ran).toEqual(['a']);
    clock.advance(5_000);
    await expect.poll(async () => queue.mayBegin(['end'], clock.now(), 1)).toEqual([]);
    expect(ran).toEqual(['a']);
  });

  test('is recorded in the end, even if the second try fails too', async () => {
    await put('a');
    const ran: string[] = [];
    run(
      async (key) => {
        ran.push(key);
        return null;
      },
      {},
      fullAtFirst(3),
    );
    await expect.poll(() => ran).toEqual(['a']);
    await expect
      .poll(async () => {
        clock.advance(5_000);
        return queue.mayBegin(['end'], clock.now(), 1);
      })
      .toEqual([]);
    expect(ran).toEqual(['a']);
  });

  test('is tried again after its pause, not only when its claim runs out', async () => {
    await put('a');
    const attempts: number[] = [];
    run(
      async (_key, attempt) => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error('the target is down');
        return null;
      },
      {},
      fullAtFirst(),
    );
    await expect.poll(() => attempts).toEqual([1]);
    clock.advance(5_000);
    await expect.poll(() => attempts).toEqual([1, 2]);
  });
});

test('stopping waits for what is running and starts nothing more', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const ran: string[] = [];
  run(
    async (key) => {
      ran.push(key);
      await gate;
      return null;
    },
    {},
    queue,
    1,
  );
  await put('a');
  await put('b');
  await expect.poll(() => ran).toEqual(['a']);
  const stopped = done();
  open();
  await stopped;
  expect(ran).toEqual(['a']);
});
