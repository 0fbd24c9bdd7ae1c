import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import type { Checks } from './place.ts';

const MIB = 2 ** 20;
/** Months of events for a large team, and room for the temporary files of SQLite. */
const LEAST_FREE = 512 * MIB;

/** Free space for this user on the disk of a folder, in bytes. */
export type FreeSpace = (folder: string) => Promise<number>;

const freeSpace: FreeSpace = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Whether there is room for the ledger. */
export function diskChecks(databasePath: string | null, free: FreeSpace = freeSpace): Checks {
  if (databasePath === null) return { places: [], notChecked: ['free space for the ledger (JIT_DATABASE is not set)'] };
  const folder = dirname(databasePath);
  const ask = async (): Promise<readonly Finding[]> => {
    try {
      const left = await free(folder);
      const what = `${Math.floor(left / MIB)} MiB are free in ${folder}`;
      return left >= LEAST_FREE
        ? [{ ok: true, what }]
        : [
            {
              ok: false,
              what: `only ${what}`,
              fix: `Make room for at least ${LEAST_FREE / MIB} MiB: nothing new is granted where the ledger cannot be written.`,
            },
          ];
    } catch (error) {
      return [
        {
          ok: false,
          what: `free space in ${folder} could not be read: ${errorText(error)}`,
          fix: 'Make the folder that JIT_DATABASE names.',
        },
      ];
    }
  };
  return { places: [{ name: 'Disk', ask }], notChecked: [] };
}
