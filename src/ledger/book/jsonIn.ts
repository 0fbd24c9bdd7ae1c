import type { z } from 'zod';

/** Parses a stored text; undefined if it is no JSON, which the bot never writes. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Parses a stored text of this shape. @returns null if there is no text, or it has another shape */
export const parsedAs = <T>(schema: z.ZodType<T>, text: string | undefined): T | null =>
  text === undefined ? null : (schema.safeParse(jsonIn(text)).data ?? null);
