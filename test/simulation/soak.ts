/**
 * `npm run soak -- [WEEKS]`: weeks of one bot's life in minutes, with people who ask, approve and end, and things that fail
 * now and then. Memory, file handles, due work and the size of the database for each event have to stay bounded.
 * Exit code 1: one of them did not.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { HOUR } from '../../src/domain/terms.ts';
import { createBox } from './simulate.ts';

const weeks = Number(process.argv[2] ?? 4);
const STEPS_A_WEEK = 5_000;
const STEPS_A_PART = 100;
const directory = mkdtempSync(join(tmpdir(), 'jitbot-soak-'));
const path = join(directory, 'jit.db');
const box = createBox(20_260_101, path, { kills: false });
const WEEK = 7 * 24 * HOUR;
const MB = 1_048_576;

interface Sample {
  readonly week: number;
  readonly heapMb: number;
  readonly handles: number;
  readonly jobs: number;
  readonly events: number;
  readonly bytesAnEvent: number;
}
const samples: Sample[] = [];
for (let week = 1; week <= weeks; week += 1) {
  for (let part = 0; part < STEPS_A_WEEK / STEPS_A_PART; part += 1) {
    await box.live(STEPS_A_PART);
    await box.heal();
  }
  await box.comeToRest();
  await box.idleUntil(week * WEEK);
  // Slack keeps its messages for ever; that is not the bot's memory.
  box.forgetMessages();
  global.gc?.();
  const db = new SQLite(path, { readonly: true });
  const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  const events = count('events');
  const pragma = (name: string) => db.pragma(name, { simple: true }) as number;
  const used = (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  const sample: Sample = {
    week,
    heapMb: process.memoryUsage().heapUsed / MB,
    handles: handles(),
    jobs: count('jobs'),
    events,
    bytesAnEvent: used / events,
  };
  db.close();
  samples.push(sample);
  process.stdout.write(
    `week ${week}: ${events} events, heap ${sample.heapMb.toFixed(1)} MB, ${sample.handles} file handles, ${sample.jobs} jobs, ${sample.bytesAnEvent.toFixed(0)} bytes an event, database ${(statSync(path).size / MB).toFixed(1)} MB\n`,
  );
}
box.close();
rmSync(directory, { recursive: true, force: true });

const [first] = samples;
const last = samples.at(-1);
const grown = (of: (sample: Sample) => number) => (first && last ? of(last) / of(first) : 1);
const bounds: [string, boolean][] = [
  ['the heap', grown(({ heapMb }) => heapMb) < 1.2],
  ['file handles', (last?.handles ?? 0) <= (first?.handles ?? 0) + 2],
  ['due work', (last?.jobs ?? 0) < 20],
  ['bytes an event', grown(({ bytesAnEvent }) => bytesAnEvent) < 1.2],
];
for (const [what, isBounded] of bounds) process.stdout.write(`${isBounded ? '✓' : '✗'} ${what}\n`);
if (bounds.some(([, isBounded]) => !isBounded)) process.exitCode = 1;

/** Linux; 0 elsewhere. */
function handles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
