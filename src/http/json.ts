/** Deeper than anything from Slack or PagerDuty, and far from what would overflow the stack of recursive code. */
const MOST_LEVELS = 100;

/** Parses a JSON object. @returns null if it is not one, or nested too deep */
export function readObject(text: string): Readonly<Record<string, unknown>> | null {
  if (isDeep(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Counts brackets outside strings, in one pass and without parsing. */
function isDeep(text: string): boolean {
  let level = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else if (char === '}' || char === ']') level -= 1;
  }
  return false;
}
