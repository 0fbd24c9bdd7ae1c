/**
 * Scheduling 100,000 timed jobs that survive a crash, and running them when they are due: our runner on SQLite, beside two
 * job libraries on a PostgreSQL of this machine. Libraries that keep timers in memory are no match: a process that dies
 * takes them along (and at 100,000 croner needed more than 4 GB, node-schedule four minutes).
 */

import { Logger, makeWorkerUtils, run as runWorker } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { systemClock } from '../../src/app/clock.ts';
import { createRunner } from '../../src/jobs/runner.ts';
import { createJobQueue } from '../../src/ledger/sqlite/jobQueue.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';
import { recordedLog } from '../support/log.ts';
import { inFolder } from './box.ts';
import { type Measure, timeAsync } from './measure.ts';

const JOBS = 100_000;
const A_COMMIT = 1_000;
const AT_A_TIME = 16;

interface Times {
  readonly put: number;
  readonly ran: number;
}

const batches = Array.from({ length: JOBS / A_COMMIT }, (_, batch) =>
  Array.from({ length: A_COMMIT }, (_, index) => `${batch * A_COMMIT + index}`),
);

/** Counts up to the last job. */
function counter(): { done: () => void; all: Promise<void> } {
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let left = JOBS;
  const done = () => {
    left -= 1;
    if (left === 0) resolve();
  };
  return { done, all };
}

async function ours(path: string): Promise<Times> {
  const ledger = openLedger(path);
  const clock = systemClock(0);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  const dueAt = Date.now() - 1;
  const put = await timeAsync(async () => {
    for (const keys of batches) await store.commit({ jobs: keys.map((key) => ({ kind: 'note', key, dueAt })) });
  });
  const { done, all } = counter();
  const handle = async () => {
    done();
    return null;
  };
  const lane = { concurrency: AT_A_TIME, kinds: { note: { handle, maxBackoff: 1_000, maxAttempts: 1 } } };
  const queue = createJobQueue(ledger);
  const runner = createRunner({ queue, clock, log: recordedLog(), lanes: [lane], random: Math.random });
  const ran = await timeAsync(async () => {
    runner.start();
    await all;
    await runner.stop();
  });
  ledger.close();
  return { put, ran };
}

async function graphileWorker(connectionString: string): Promise<Times> {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  const runAt = new Date(Date.now() - 1);
  const put = await timeAsync(async () => {
    for (const keys of batches)
      await utils.addJobs(keys.map((key) => ({ identifier: 'note', payload: {}, jobKey: key, runAt })));
  });
  await utils.release();
  const { done, all } = counter();
  const ran = await timeAsync(async () => {
    const worker = await runWorker({
      connectionString,
      concurrency: AT_A_TIME,
      noHandleSignals: true,
      // A line for each job would be most of what is measured.
      logger: new Logger(() => () => undefined),
      taskList: { note: async () => done() },
    });
    await all;
    await worker.stop();
  });
  return { put, ran };
}

async function pgBoss(connectionString: string): Promise<Times> {
  const boss = new PgBoss({ connectionString, supervise: false });
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  await boss.start();
  await boss.createQueue('note');
  const startAfter = new Date(Date.now() - 1).toISOString();
  const put = await timeAsync(async () => {
    for (const keys of batches) await boss.insert(keys.map((key) => ({ name: 'note', data: { key }, startAfter })));
  });
  // At its best: a thousand at once, without the pause between two of its polls.
  const ran = await timeAsync(async () => {
    for (let left = JOBS; left > 0; ) {
      const jobs = await boss.fetch('note', { batchSize: A_COMMIT });
      await boss.complete(
        'note',
        jobs.map(({ id }) => id),
      );
      left -= jobs.length;
    }
  });
  await boss.stop({ graceful: false });
  return { put, ran };
}

export const libraryBench = (): Promise<Measure[]> =>
  inFolder(async (path) => {
    const server = await startPostgres();
    try {
      const times: [string, Times, string][] = [
        ['jitbot, SQLite', await ours(path('jit.db')), 'one sync for each commit'],
        ['graphile-worker, PostgreSQL', await graphileWorker(server.url('postgres')), 'a round trip for each job'],
        ['pg-boss, PostgreSQL', await pgBoss(server.url('postgres')), 'fetched and completed by the thousand'],
      ];
      return times.flatMap(([what, { put, ran }, limitedBy]): Measure[] => [
        { what: `${what}: schedule 100,000 jobs`, unit: 'ms', value: put, limitedBy },
        { what: `${what}: run and settle them`, unit: 'ms', value: ran, limitedBy },
      ]);
    } finally {
      await server.stop();
    }
  });
