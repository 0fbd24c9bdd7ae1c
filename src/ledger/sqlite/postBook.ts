import type { PostBook } from '../../ports/posts.ts';
import { eq, sql } from './drizzle.ts';
import { guardFor } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { cursors, posts } from './schema.ts';

export function createPostBook({ db, sqlite, path, gate }: OpenLedger): PostBook {
  const guarded = guardFor(path);
  const p = sql.placeholder;
  const find = db
    .select({ channel: posts.channel, ts: posts.ts, digest: posts.digest })
    .from(posts)
    .where(eq(posts.key, p('key')))
    .prepare();
  // Keys are plain ASCII, so that every key with this prefix sorts before this one.
  const keysFrom = sqlite
    .prepare<[string, string], string>('SELECT key FROM posts WHERE key >= ? AND key < ? ORDER BY key')
    .pluck();
  const keep = db
    .insert(posts)
    .values({ key: p('key'), channel: p('channel'), ts: p('ts'), digest: p('digest') })
    .onConflictDoUpdate({
      target: posts.key,
      set: { channel: sql`excluded.channel`, ts: sql`excluded.ts`, digest: sql`excluded.digest` },
    })
    .prepare();
  const cursor = db
    .select({ seq: cursors.seq })
    .from(cursors)
    .where(eq(cursors.name, p('name')))
    .prepare();
  const moveCursor = db
    .insert(cursors)
    .values({ name: p('name'), seq: p('seq') })
    .onConflictDoUpdate({ target: cursors.name, set: { seq: sql`excluded.seq` } })
    .prepare();
  return {
    find: async (key) => guarded(() => find.get({ key })) ?? null,
    keysOf: async (first) => guarded(() => keysFrom.all(first, `${first}\x7f`)),
    keep: (key, post) => gate.enqueue(() => void keep.run({ key, ...post })),
    cursor: async (name) => guarded(() => cursor.get({ name }))?.seq ?? 0,
    moveCursor: (name, seq) => gate.enqueue(() => void moveCursor.run({ name, seq })),
  };
}
