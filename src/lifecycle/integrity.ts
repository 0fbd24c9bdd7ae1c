import { BOT } from '../domain/person.ts';
import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import type { EventReader, Log, Store } from '../ports.ts';

/** Whether the ledger can be built on. While it cannot, nothing new is granted; what is live still ends. */
export interface Integrity {
  /** What is wrong, or still being looked at; null: nothing. */
  problem(): string | null;
}

export interface IntegrityState extends Integrity {
  /** What was found; null: all is well. Something wrong stays so until somebody has looked and started the bot again. */
  settle(problem: string | null): Promise<void>;
  /** A position that was found elsewhere, such as in the audit channel. */
  compare(anchor: { ledger: string; seq: number; hash: string; where: string; at: Instant }): Promise<void>;
}

export function createIntegrity(deps: { store: Store; events: EventReader; log: Log }): IntegrityState {
  const { store, events, log } = deps;
  let state: { checked: boolean; problem: string | null } = { checked: false, problem: null };

  async function settle(problem: string | null): Promise<void> {
    // The first thing that is wrong is the one that people hear of.
    if (state.problem !== null) return;
    state = { checked: true, problem };
    if (problem === null) return;
    log.error(
      { problem },
      'THE LEDGER CANNOT BE TRUSTED: nothing new is granted until somebody has looked and started the bot again; access that is live still ends on time. See docs/ledger.md',
    );
    await store.commit({
      events: [{ type: 'ledger.damaged', actor: BOT, requestId: null, grantId: null, payload: { problem } }],
    });
  }

  return {
    problem: () => state.problem ?? (state.checked ? null : 'it is still being checked; try again in a moment'),
    settle,
    compare: async ({ ledger, seq, hash, where, at }) => {
      const origin = events.origin();
      // A ledger that begins after the other had its last word is a new one, which people see by its first event.
      if (origin && origin.ledger !== ledger && origin.began > at) return;
      if (origin?.ledger !== ledger)
        return settle(`${where} knows another ledger, which reached event ${seq}: this one was put in its place`);
      // What is in an archive is compared by `jit ledger verify --archives`.
      if (seq < origin.first) return;
      const found = events.get(seq);
      if (!found)
        return settle(
          `the ledger ends at event ${events.newest()?.seq ?? 0}, and ${where} knows event ${seq}: the tail was cut off, or an older copy was put in its place`,
        );
      if (found.hash !== hash)
        return settle(`event ${seq} is not the one that ${where} knows: the ledger was written anew`);
    },
  };
}

/** How often a position is kept outside the database, while things happen. */
const CHECKPOINT_EVERY: Millis = 10 * MINUTE;

export interface Checkpoints {
  readonly keyId: string;
  readonly place: string;
  keep(position: { ledger: string; seq: number; hash: string; at: number }): Promise<void>;
}

/** Keeps the newest position outside the database, where something has happened since the last. */
export async function anchorLedger(
  { store, events }: { store: Store; events: EventReader },
  checkpoints: Checkpoints,
  now: number,
): Promise<{ notBefore: number }> {
  const newest = events.newest();
  const origin = events.origin();
  if (newest && origin && newest.type !== 'ledger.anchored') {
    const { seq, hash } = newest;
    await checkpoints.keep({ ledger: origin.ledger, seq, hash, at: now });
    await store.commit({
      events: [
        {
          type: 'ledger.anchored',
          actor: BOT,
          requestId: null,
          grantId: null,
          payload: { seq, hash, key: checkpoints.keyId, place: checkpoints.place },
        },
      ],
    });
  }
  return { notBefore: now + CHECKPOINT_EVERY };
}
