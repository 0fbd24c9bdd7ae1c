import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DateTime } from 'luxon';
import { ConfigError, secretsNamed } from '../config/env.ts';
import { type LoadedPolicy, loadPolicy } from '../config/policyFile.ts';
import { striker } from '../domain/secrets.ts';
import { errorText } from '../domain/text.ts';
import { StorageError } from '../ports.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';

/** The command line was not understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Kinds = Readonly<Record<string, 'string' | 'boolean'>>;
type Values<K extends Kinds> = { readonly [N in keyof K]?: K[N] extends 'string' ? string : boolean };

/** @throws UsageError */
export function readOptions<K extends Kinds>(
  args: readonly string[],
  kinds: K,
): { values: Values<K>; files: string[] } {
  try {
    const options = Object.fromEntries(Object.entries(kinds).map(([name, type]) => [name, { type }]));
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values: values as Values<K>, files: positionals };
  } catch (error) {
    throw new UsageError(errorText(error), { cause: error });
  }
}

/** The policy file that was named, or JIT_POLICY. */
export function policyPath(files: readonly string[]): string {
  if (files.length > 1) throw new UsageError(`one file at a time, not ${files.length}`);
  const path = files[0] ?? process.env.JIT_POLICY;
  if (!path) throw new UsageError('name the policy file, or set JIT_POLICY');
  return path;
}

/** A policy to look at, not to run: its secrets need not be at hand. @throws ConfigError */
export const readPolicy = (path: string): LoadedPolicy =>
  loadPolicy(path, PROVISIONERS, process.env, { withoutSecrets: true });

export function databasePath(named: string | undefined): string {
  const path = named ?? process.env.JIT_DATABASE;
  if (!path) throw new UsageError('name the database with --database, or set JIT_DATABASE');
  return path;
}

export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: ${what} cannot be read`, { cause: error });
  }
}

/** Rows under each other, as wide as they need to be. */
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

/** The time zone that the command runs in: what whoever types a date means. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * A date and time on the command line; null: it was not given.
 * @param edge of a date without a time: a day that a period ends with is in it
 */
export function instantOption(
  name: string,
  text: string | undefined,
  edge: 'begins' | 'ends' = 'begins',
): number | null {
  if (text === undefined) return null;
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? DateTime.fromISO(text, { zone: ownZone() }) : null;
  const at = day ? (edge === 'begins' ? day : day.plus({ days: 1 })).toMillis() : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`${name} ${text} is no date such as 2026-01-31 or 2026-01-31T18:00Z`);
  return at;
}

/** Runs a command; what was typed wrong, and what is missing, becomes a word and exit code 2. */
export async function complain(
  name: string,
  usage: readonly string[],
  work: () => number | Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${name}: ${error.message}\nUsage:\n${usage.map((line) => `  ${line}\n`).join('')}`);
      return 2;
    }
    if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
    process.stderr.write(`${striker(secretsNamed(process.env))(error.message)}\n`);
    return 2;
  }
}
