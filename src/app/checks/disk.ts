import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../../domain/text.ts';
import { isPostgresAddress } from '../../ledger/open/place.ts';
import type { Finding } from '../../ports/targets.ts';
import { DISK, NOT_CHECKED } from '../../wording/terminal/doctor.ts';
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
  if (databasePath === null) return { places: [], notChecked: [NOT_CHECKED.disk] };
  if (isPostgresAddress(databasePath)) return { places: [], notChecked: [NOT_CHECKED.diskOfServer] };
  const folder = dirname(databasePath);
  const ask = async (): Promise<readonly Finding[]> => {
    try {
      const left = await free(folder);
      const what = DISK.free(Math.floor(left / MIB), folder);
      return left >= LEAST_FREE
        ? [{ ok: true, what }]
        : [
            {
              ok: false,
              what: DISK.onlyFree(what),
              fix: DISK.makeRoom(LEAST_FREE / MIB),
            },
          ];
    } catch (error) {
      return [
        {
          ok: false,
          what: DISK.unreadable(folder, errorText(error)),
          fix: DISK.makeFolder,
        },
      ];
    }
  };
  return { places: [{ name: 'Disk', ask }], notChecked: [] };
}
