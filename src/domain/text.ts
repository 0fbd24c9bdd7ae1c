/** The text, or as much of it as fits with an ellipsis behind it: at most `length` UTF-16 units, and no half of an emoji. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** `1 rule`, `2 rules` */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** So much of what a target says is kept and shown; the log has the rest. */
const PROBLEM_MAX = 1_000;

/** What went wrong at a target, for the ledger and for people. */
export const problemText = (error: unknown): string => cut(errorText(error), PROBLEM_MAX);
