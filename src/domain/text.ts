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

/** Turn the direction of what follows, or show nothing at all. */
const UNSEEN = /(?!\u200c|\u200d|\p{Variation_Selector})\p{Default_Ignorable_Code_Point}|\u2800/gu;
/** Joiners show nothing either, except inside an emoji made of several, and between letters that they shape. */
const JOINERS =
  /(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f|\p{Script=Arabic}|\p{M})[\u200c\u200d]|[\u200c\u200d](?!\p{Extended_Pictographic}|\p{L})/gu;

/** Text from outside as it may be shown beside other text: without marks that turn it around or that nobody sees. */
export const visible = (text: string): string => text.replace(UNSEEN, '').replace(JOINERS, '');

const READABLE = /(?!\p{Default_Ignorable_Code_Point})[^\s\p{Cc}]/u;

/** What somebody typed, as it is kept: nothing where there is nothing to read. */
export const typed = (text: string): string => (READABLE.test(text) ? visible(text).trim() : '');
