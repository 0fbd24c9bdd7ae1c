import { existsSync, lchownSync, statSync } from 'node:fs';

/**
 * Root uses commands on a database whose bot runs as a user of its own. What they make, the bot has to open, so it gets
 * the owner of `like`, as SQLite does it for the files that it puts beside a database. Nothing happens for other users.
 */
export function giveToOwnerOf(like: string, made: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  // Whoever may write in the folder could put a link there: it is not followed.
  for (const path of made) if (existsSync(path)) lchownSync(path, uid, gid);
}
