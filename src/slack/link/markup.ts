/**
 * The text, or as much of it as fits with an ellipsis behind it: at most `length` UTF-16 units. No half of an emoji, an
 * escape such as `&amp;`, a mention or a date is left at its end: Slack would show it as it stands, or read on in it.
 */
export function cutMarkup(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = text
    .slice(0, length - 1)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/&[a-z]{0,4}$/, '');
  // Only ours begin with a bare bracket: what people type is escaped. The longest is a date with its words.
  const open = kept.lastIndexOf('<');
  return `${open >= 0 && !kept.includes('>', open) && kept.length - open < 200 ? kept.slice(0, open) : kept}…`;
}
