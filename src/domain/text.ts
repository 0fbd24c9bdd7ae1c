/** Cuts a text to at most `length` UTF-16 units with an ellipsis, never in the middle of an emoji. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** `1 rule`, `2 rules` */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The text of the innermost cause: that of an outer error, such as `fetch failed`, says nothing of why. */
export const causeText = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? causeText(error.cause) : errorText(error);

/** Limit of a target's message that is kept and shown, in characters; the log has the rest. */
const PROBLEM_MAX = 1_000;

/** The problem at a target, for the ledger and for people. */
export const problemText = (error: unknown): string => cut(errorText(error), PROBLEM_MAX);

/** Characters that reverse the text direction, or are invisible. */
const UNSEEN = /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}|\u2800/gu;
/** Joiners are invisible too, except in composed emoji and between letters that they shape. */
const JOINERS =
  /(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f|\p{Script=Arabic}|\p{M})[\u200c\u200d]|[\u200c\u200d](?!\p{Extended_Pictographic}|\p{L})/gu;

/** Makes text from outside safe to show beside other text: without reversing or invisible characters. */
export const visible = (text: string): string => text.replace(UNSEEN, '').replace(JOINERS, '');

const READABLE = /(?!\p{Default_Ignorable_Code_Point})[^\s\p{Cc}]/u;

/** Typed text as it is stored: empty if nothing in it is readable. */
export const typed = (text: string): string => (READABLE.test(text) ? visible(text).trim() : '');
