/** What a schema says about a file, as issues at their places; and fields of what is not checked yet. */

import type { z } from 'zod';
import type { Path } from './policyReuse.ts';

export const UNKNOWN_FIELD = 'unknown field';
/** How what is said of a `${NAME}` without a value begins. */
export const UNSET = 'the environment variable ';

/** One issue per place: an unknown key is reported where it stands. */
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
