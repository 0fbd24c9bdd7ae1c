/** What turns a line around, moves the cursor, or is seen by nobody. */
const UNSEEN = /(?!\n)[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;

/** Text from a file for the terminal, on lines of its own: unseen characters are written as `\u202E`. */
export const shown = (text: string): string => text.replace(UNSEEN, escaped);

/** Writes lines of text from a file to standard output. */
export const print = (text: string): boolean => process.stdout.write(`${shown(text)}\n`);

function escaped(character: string): string {
  const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return number.length > 4 ? `\\u{${number}}` : `\\u${number.padStart(4, '0')}`;
}
