/** A text as one word of a shell, whatever is in it. Variables that whoever types it sets, such as `$ORG`, stay as they are. */
export const word = (text: string): string =>
  /^(?:\$[A-Z_]+|[\w@%+=:,./-]+)$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
