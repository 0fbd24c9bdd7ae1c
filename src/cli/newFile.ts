import { rmSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../config/configError.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';

const OWNER_ONLY = 0o600;

/**
 * Writes a file that is not there yet, for its owner only: one that is there keeps what is in it, and who may read it.
 * @throws ConfigError if it exists, or cannot be written
 */
export function writeNewFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    if (isThere(error)) throw new ConfigError(PROBLEMS.exists(path), { cause: error });
    rmSync(path, { force: true });
    throw new ConfigError(PROBLEMS.notWritable(path), { cause: error });
  }
}

const isThere = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';
