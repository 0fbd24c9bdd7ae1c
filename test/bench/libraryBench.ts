import { Cron } from 'croner';
import { gracefulShutdown, scheduleJob } from 'node-schedule';
import { systemClock } from '../../src/clock.ts';
import { createRunner } from '../../src/jobs/runner.ts';
import { createJobQueue } from '../../src/ledger/jobQueue.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { createStore } from '../../src/ledger/store.ts';
import { recordedLog } from '../support/log.ts';
import { inFolder } from './box.ts';
import { type Measure, timeAsync } from './measure.ts';

/** Scheduling 100,000 timed jobs: ours are in a file that survives a crash, the libraries' are timers in memory. */

const JOBS = 100_000;
const A_COMMIT = 1_000;

export const libraryBench = (): Promise<Measure[]> =>
  inFolder(async (path) => {
    const ledger = openLedger(path('jit.db'));
    const clock = systemClock(0);
    const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
    const dueAt = Date.now() - 1;
    const put = await timeAsync(async () => {
      for (let from = 0; from < JOBS; from += A_COMMIT)
        await store.commit({
          jobs: Array.from({ length: A_COMMIT }, (_, index) => ({ kind: 'note', key: `${from + index}`, dueAt })),
        });
    });
    let done = 0;
    const all = Promise.withResolvers<void>();
    const handle = async () => {
      done += 1;
      if (done === JOBS) all.resolve();
      return null;
    };
    const lane = { concurrency: 16, kinds: { note: { handle, maxBackoff: 1_000, maxAttempts: 1 } } };
    const runner = createRunner({
      queue: createJobQueue(ledger),
      clock,
      log: recordedLog(),
      lanes: [lane],
      random: Math.random,
    });
    const ran = await timeAsync(async () => {
      runner.start();
      await all.promise;
    });
    await runner.stop();
    ledger.close();
    const far = new Date(Date.now() + 3_600_000);
    const scheduled = await timeAsync(async () => {
      for (let index = 0; index < JOBS; index += 1) scheduleJob(far, () => undefined);
    });
    await gracefulShutdown();
    const crons = await timeAsync(async () => {
      const jobs = Array.from({ length: JOBS }, () => new Cron(far, () => undefined));
      for (const job of jobs) job.stop();
    });
    const line = (what: string, value: number, limitedBy: string): Measure => ({ what, unit: 'ms', value, limitedBy });
    return [
      line('schedule 100,000 jobs durably, 1,000 a commit', put, 'one sync for each commit, two indexes'),
      line('run and settle 100,000 due jobs', ran, 'one transaction for each job that is done'),
      line('node-schedule: schedule 100,000, in memory', scheduled, 'a sorted list of timers'),
      line('croner: schedule and stop 100,000, in memory', crons, 'a timer each'),
    ];
  });
