import type { Clock } from '../../ports/host.ts';
import type { StateCheck } from '../../ports/state.ts';
import { type PostgresLedger, readingFrom } from '../postgres/open.ts';
import { createStateCheck as sqliteStateCheck, unreadableRecords } from '../sqlite/stateCheck.ts';
import { type Mirror, openMirror } from './mirror.ts';

/** Compares the tables with the events in a mirror of both, and corrects them at the source. */
export function createStateCheck(source: PostgresLedger, clock: Pick<Clock, 'now'>): StateCheck {
  const guarded = readingFrom(source);
  let opened: { readonly mirror: Mirror; readonly check: StateCheck } | null = null;
  async function fresh(): Promise<{ readonly mirror: Mirror; readonly check: StateCheck }> {
    if (opened) await opened.mirror.refresh();
    else {
      const mirror = await openMirror(source);
      opened = { mirror, check: sqliteStateCheck(mirror.ledger, clock) };
    }
    return opened;
  }
  const known = async () => (opened ?? (await fresh())).check;
  return {
    suspects: async () => (await fresh()).check.suspects(),
    look: async (grantId) => (await fresh()).check.look(grantId),
    realign: ({ id, person, role, resourceId, requestId }) =>
      guarded(async () => {
        const row = [id, person.slackId, role, resourceId, requestId];
        await source.pool.query('SELECT jit_realign($1, $2, $3, $4, $5)', row);
      }),
    freezeEvent: async () => (await known()).freezeEvent(),
    removals: async () => (await known()).removals(),
    strayStandIns: async () => (await fresh()).check.strayStandIns(),
    dropUnreadable: async () => {
      const found = unreadableRecords((await fresh()).mirror.ledger.sqlite);
      for (const { kind, key, body } of found)
        await guarded(() => source.pool.query('SELECT jit_drop_record($1, $2, $3)', [kind, key, body]));
      return found.map(({ kind, key }) => `${kind} ${key}`);
    },
    idleRequests: async (now) => (await fresh()).check.idleRequests(now),
    close: async () => {
      opened?.mirror.close();
      opened = null;
    },
  };
}
