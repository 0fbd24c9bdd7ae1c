import type { z } from 'zod';

/** What a text in the database says; undefined: it is no JSON, which the bot never writes there. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a text in the database says, where it has this shape. @returns null where it has not, or there is no text */
export const parsedAs = <T>(schema: z.ZodType<T>, text: string | undefined): T | null =>
  text === undefined ? null : (schema.safeParse(jsonIn(text)).data ?? null);
