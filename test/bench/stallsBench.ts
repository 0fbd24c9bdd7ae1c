/** How long one thing keeps everything else waiting: a process of its own for each fault, so that none inherits another's garbage. */

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Measure, median } from './measure.ts';
import { FAULTS, type Found } from './stallFaults.ts';

const ROUNDS = 3;
const BUDGET_MS = 50;
const PROBE = fileURLToPath(new URL('stallProbe.ts', import.meta.url));

export async function stallsBench(): Promise<Measure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-stalls-'));
  const slowDisk = buildSlowDisk(directory);
  try {
    const measures: Measure[] = [];
    for (const [name, { what, counts, limitedBy }] of Object.entries(FAULTS)) {
      if (name === 'disk' && slowDisk === null) {
        process.stdout.write(`· ${what}: not measured, there is no C compiler to slow the disk down with\n`);
        continue;
      }
      const rounds: number[] = [];
      const lateness: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const env = { ...process.env, ...(name === 'disk' && slowDisk) };
        const { stdout } = await promisify(execFile)(process.execPath, [PROBE, name], { env });
        const found = JSON.parse(stdout) as Found;
        rounds.push(found[counts]);
        if (found.late !== undefined) lateness.push(found.late);
      }
      measures.push({
        what: `longest stretch without the event loop turning, ${what}`,
        unit: counts === 'wall' ? 'ms' : 'ms of processor time',
        value: median(rounds),
        budget: { most: BUDGET_MS },
        limitedBy,
      });
      if (lateness.length > 0)
        measures.push({
          what: `the last of 200 ends that are due at once begins at its target, ${what}`,
          unit: 'ms',
          value: median(lateness),
          limitedBy: 'what is recorded before, where it can be',
        });
    }
    return measures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Every sync waits while a file of this name is there. */
const SLOW_SYNC = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void slow(void) { const char *flag = getenv("JIT_BENCH_SLOW"); if (flag && access(flag, F_OK) == 0) usleep(500000); }
int fsync(int fd) { slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`;

/** @returns what a process needs in its environment for a disk whose sync can be made to take 500 ms; null without a compiler */
function buildSlowDisk(directory: string): Record<string, string> | null {
  if (!existsSync('/usr/bin/cc')) return null;
  const library = join(directory, 'slow.so');
  writeFileSync(join(directory, 'slow.c'), SLOW_SYNC);
  execFileSync('/usr/bin/cc', ['-shared', '-fPIC', '-o', library, join(directory, 'slow.c'), '-ldl']);
  return { LD_PRELOAD: library, JIT_BENCH_SLOW: join(directory, 'slow') };
}
