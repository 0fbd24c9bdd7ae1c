import { readFileSync } from 'node:fs';
import { errorText } from '../domain/text.ts';
import { unreadableFile, WHY_UNREADABLE } from '../wording/terminal/settings.ts';
import { ConfigError } from './configError.ts';

/** @param what a name of the file, for the message @throws ConfigError that says why it cannot be read */
export function readTextFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = WHY_UNREADABLE[(error as NodeJS.ErrnoException).code ?? ''] ?? errorText(error);
    throw new ConfigError(unreadableFile(path, what, reason), { cause: error });
  }
}
