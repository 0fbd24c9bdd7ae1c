/**
 * Cuts a text to at most `length` UTF-16 units, with an ellipsis. Never cuts inside an emoji, an escape such as
 * `&amp;`, a mention or a date, because Slack would show the fragment or misread what follows.
 */
export function cutMarkup(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = text
    .slice(0, length - 1)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/&[a-z]{0,4}$/, '');
  // Only our own markup begins with a bare bracket, because typed text is escaped. The longest is a date with its
  // fallback.
  const open = kept.lastIndexOf('<');
  return `${open >= 0 && !kept.includes('>', open) && kept.length - open < 200 ? kept.slice(0, open) : kept}…`;
}
