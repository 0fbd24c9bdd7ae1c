/** A file beside the database, so that a command can tell a bot that runs, and one that starts later. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Drain } from '../../domain/drain.ts';
import { parsedAs } from '../book/jsonIn.ts';
import { OWNER_ONLY } from './ownerOnly.ts';

const drainSchema = z.strictObject({ until: z.number(), why: z.string() });
const drainPath = (path: string): string => `${path}-drain`;

/**
 * @returns null if there is no file. A file that cannot be understood counts as a drain without an end: somebody meant to
 *   keep the bot from granting
 */
export function readDrain(path: string): Drain | null {
  try {
    const text = readFileSync(drainPath(path), 'utf8');
    return (
      parsedAs(drainSchema, text) ?? { until: Number.POSITIVE_INFINITY, why: `${drainPath(path)} is not understood` }
    );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return { until: Number.POSITIVE_INFINITY, why: `${drainPath(path)} cannot be read` };
  }
}

export function writeDrain(path: string, drain: Drain): void {
  const draft = `${drainPath(path)}.part`;
  writeFileSync(draft, JSON.stringify(drain), { mode: OWNER_ONLY });
  renameSync(draft, drainPath(path));
}

export const liftDrain = (path: string): void => rmSync(drainPath(path), { force: true });
