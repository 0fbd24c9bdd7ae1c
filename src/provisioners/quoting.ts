/** Quotes a text as one shell word. Variables that the reader fills in, such as `$ORG`, are not quoted. */
export const word = (text: string): string =>
  /^(?:\$[A-Z_]+|[\w@%+=:,./-]+)$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
