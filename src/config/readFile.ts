import { readFileSync } from 'node:fs';
import { errorText } from '../domain/text.ts';
import { ConfigError } from './configError.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

/** @param what a name of the file, for the message @throws ConfigError that says why it cannot be read */
export function readTextFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? errorText(error);
    throw new ConfigError(`${path}: ${what} cannot be read: ${reason}`, { cause: error });
  }
}
