import { eq } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { cursors, posts } from './schema.ts';

export interface Post {
  readonly channel: string;
  readonly ts: string;
}

/** Where Slack messages went, and how far the audit channel has got: what delivery remembers across restarts. */
export interface PostBook {
  find(key: string): Post | null;
  keep(key: string, post: Post): void;
  cursor(name: string): number;
  moveCursor(name: string, seq: number): void;
}

export function createPostBook({ db }: OpenLedger): PostBook {
  return {
    find: (key) => db.select({ channel: posts.channel, ts: posts.ts }).from(posts).where(eq(posts.key, key)).get() ?? null,
    keep: (key, post) => {
      db.insert(posts).values({ key, ...post }).onConflictDoUpdate({ target: posts.key, set: post }).run();
    },
    cursor: (name) => db.select({ seq: cursors.seq }).from(cursors).where(eq(cursors.name, name)).get()?.seq ?? 0,
    moveCursor: (name, seq) => {
      db.insert(cursors).values({ name, seq }).onConflictDoUpdate({ target: cursors.name, set: { seq } }).run();
    },
  };
}
