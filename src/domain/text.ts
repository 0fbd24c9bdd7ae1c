/** The text, or as much of it as fits with an ellipsis behind it: at most `length` UTF-16 units, and no half of an emoji. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** `1 rule`, `2 rules` */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
