import type { SeatBook, SeatRecord } from '../../ports/targets.ts';
import { guardFor } from './errors.ts';
import type { OpenLedger } from './open.ts';

export function createSeatBook({ sqlite, path, gate }: OpenLedger): SeatBook {
  const columns = 'grant_id AS grantId, place, account, level, role, before';
  const at = sqlite.prepare<[string, string], SeatRecord>(
    `SELECT ${columns} FROM seats WHERE place = ? AND account = ? ORDER BY grant_id`,
  );
  const of = sqlite.prepare<[string], SeatRecord>(`SELECT ${columns} FROM seats WHERE grant_id = ? ORDER BY place`);
  const keep = sqlite.prepare<SeatRecord>(
    `INSERT INTO seats (grant_id, place, account, level, role, before)
     VALUES (@grantId, @place, @account, @level, @role, @before)
     ON CONFLICT (grant_id, place) DO UPDATE SET account = excluded.account, level = excluded.level, before = excluded.before`,
  );
  const drop = sqlite.prepare<[string, string]>('DELETE FROM seats WHERE grant_id = ? AND place = ?');
  const guarded = guardFor(path);
  return {
    at: async (place, account) => guarded(() => at.all(place, account)),
    of: async (grantId) => guarded(() => of.all(grantId)),
    keep: ({ grantId, place, account, level, role, before }) =>
      gate.enqueue(() => void keep.run({ grantId, place, account, level, role, before })),
    drop: ({ grantId, place }) => gate.enqueue(() => void drop.run(grantId, place)),
  };
}
