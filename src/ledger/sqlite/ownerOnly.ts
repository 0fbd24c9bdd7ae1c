import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText } from '../../domain/text.ts';

/** Mode for files that only the bot's account may read and write. */
export const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/**
 * Creates a file for its owner only, before something else creates it for everybody. An existing one
 * is closed to others.
 * @returns findings in words; empty if nothing was open
 */
export function makeOwnerOnly(path: string): string[] {
  if (existsSync(path)) return closeToOthers(path);
  try {
    closeSync(openSync(path, 'a', OWNER_ONLY));
    return [];
  } catch {
    // SQLite cannot create it either, and says what to do about it.
    return [];
  }
}

/** @returns findings in words; empty if it is missing or was closed already */
export function closeToOthers(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  const mode = (found?.mode ?? 0) & 0o777;
  if (!found?.isFile() || (mode & OTHERS) === 0) return [];
  const was = `${path} could be reached by others (mode ${mode.toString(8)})`;
  try {
    chmodSync(path, mode & ~OTHERS);
    return [`${was}; it is for its owner alone now`];
  } catch (error) {
    return [
      `${was}, and that cannot be changed: ${errorText(error)}. Run the bot as the owner of the file, or: chmod 600 ${path}`,
    ];
  }
}

/** Whether others may write in the folder: they could replace a file in it. */
export function openFolder(path: string): string[] {
  const folder = dirname(path);
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS_WRITE) === 0) return [];
  return [
    `${folder} may be written to by others (mode ${(mode & 0o777).toString(8)}): they can put another file in the place of ${path}. Use a folder of the bot's own: chmod go-w ${folder}`,
  ];
}
