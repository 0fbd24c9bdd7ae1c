/** Converts a schema's findings to issues with their places. */

import type { z } from 'zod';
import { IN_FILE } from '../wording/terminal/policyFile.ts';
import type { Path } from './policyReuse.ts';

/** One issue for each place: an unknown key is reported at the key itself. */
export function spread(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `${IN_FILE.unknownField} "${key}"`,
    }));
  return [
    {
      path: issue.path,
      message: issue.message
        .replace(/^Invalid input: /, '')
        .replace(', received undefined', `, ${IN_FILE.fieldMissing}`),
    },
  ];
}

export const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
export const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];
