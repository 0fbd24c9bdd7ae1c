import type { IdBook } from '../../ports/targets.ts';
import { guardFor } from './errors.ts';
import type { OpenLedger } from './open.ts';

/** What grants touched, by the targets' own ids. */
export function createIdBook({ sqlite, path, gate }: OpenLedger): IdBook {
  const of = sqlite.prepare<[string], { thing: string; id: string }>(
    'SELECT thing, id FROM target_ids WHERE grant_id = ? ORDER BY thing',
  );
  const keep = sqlite.prepare<[string, string, string]>(
    `INSERT INTO target_ids (grant_id, thing, id) VALUES (?, ?, ?)
     ON CONFLICT (grant_id, thing) DO UPDATE SET id = excluded.id WHERE id <> excluded.id`,
  );
  const guarded = guardFor(path);
  return {
    keep: (grantId, thing, id) => gate.enqueue(() => void keep.run(grantId, thing, id)),
    of: async (grantId) => guarded(() => new Map(of.all(grantId).map(({ thing, id }) => [thing, id]))),
  };
}
