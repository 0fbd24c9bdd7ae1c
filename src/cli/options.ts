import { readSecretFiles } from '../config/variables.ts';
import { dayEnd, dayStart } from '../domain/calendar.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import { UsageError } from './usageError.ts';

/** The policy file that was named, or JIT_POLICY. @throws UsageError if there is neither, or more than one */
export function policyPath(files: readonly string[]): string {
  if (files.length > 1) throw new UsageError(MISUSE.oneFile(files.length));
  const path = files[0] ?? process.env.JIT_POLICY;
  if (!path) throw new UsageError(MISUSE.noPolicy);
  return path;
}

/**
 * The database that was named, or JIT_DATABASE, which may be in a file as it may hold a password.
 * @throws UsageError if there is neither, ConfigError if the file cannot be read
 */
export function databasePath(named: string | undefined): string {
  if (named === undefined) readSecretFiles(process.env, ['JIT_DATABASE']);
  const path = named ?? process.env.JIT_DATABASE;
  if (!path) throw new UsageError(MISUSE.noDatabase);
  return path;
}

/** Rows as aligned columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The time zone of the terminal, in which typed dates are meant. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Reads a date and time from the command line.
 * @param edge which end of the day a date without a time means: a period includes the day that it ends with
 * @returns null if the option was not given
 * @throws UsageError if it is not a date
 */
export function instantOption(
  name: string,
  text: string | undefined,
  edge: 'begins' | 'ends' = 'begins',
): number | null {
  if (text === undefined) return null;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = isDay ? (edge === 'begins' ? dayStart : dayEnd)(text, ownZone()) : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(MISUSE.notADate(name, text));
  return at;
}
