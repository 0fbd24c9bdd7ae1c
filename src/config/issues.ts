/** Converts a schema's findings to issues with their places. */

import type { z } from 'zod';
import type { Path } from './policyReuse.ts';

export const UNKNOWN_FIELD = 'unknown field';
/** Prefix of the issue for a `${NAME}` without a value. */
export const UNSET = 'the environment variable ';

/** One issue for each place: an unknown key is reported at the key itself. */
export function spread(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `${UNKNOWN_FIELD} "${key}"`,
    }));
  return [
    {
      path: issue.path,
      message: issue.message
        .replace(/^Invalid input: /, '')
        .replace(', received undefined', ', but the field is missing'),
    },
  ];
}

export const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
export const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];
