import type { PostBook } from '../ports.ts';
import { eq } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { cursors, posts } from './schema.ts';

export function createPostBook({ db }: OpenLedger): PostBook {
  return {
    find: (key) =>
      db
        .select({ channel: posts.channel, ts: posts.ts, digest: posts.digest })
        .from(posts)
        .where(eq(posts.key, key))
        .get() ?? null,
    keep: (key, post) => {
      db.insert(posts)
        .values({ key, ...post })
        .onConflictDoUpdate({ target: posts.key, set: post })
        .run();
    },
    cursor: (name) => db.select({ seq: cursors.seq }).from(cursors).where(eq(cursors.name, name)).get()?.seq ?? 0,
    moveCursor: (name, seq) => {
      db.insert(cursors).values({ name, seq }).onConflictDoUpdate({ target: cursors.name, set: { seq } }).run();
    },
  };
}
