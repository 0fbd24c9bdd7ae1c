import { BOT, personActor } from '../domain/person.ts';
import { type Refused, refuse } from '../domain/refusal.ts';
import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import { typed } from '../domain/text.ts';
import type { EventReader, Log, Store } from '../ports.ts';
import type { Deps } from './deps.ts';
import { checkAdmin } from './eligibility.ts';

/** Whether the ledger can be built on. While it cannot, nothing new is granted; what is live still ends. */
export interface Integrity {
  /** What is wrong, or still being looked at; null: nothing. */
  problem(): string | null;
  /** What an administrator can clear by saying that they looked; null: nothing. */
  doubt(): string | null;
  /** Somebody has looked. */
  clearDoubt(): void;
}

/** A position that was found elsewhere, in something that the bot itself wrote. */
export interface ChannelAnchor {
  readonly ledger: string;
  readonly seq: number;
  readonly hash: string;
  readonly where: string;
  readonly at: Instant;
}

/** What the audit channel shows. */
export interface ChannelView {
  readonly anchors: readonly ChannelAnchor[];
  /** What kept it from being read; null: it was read. */
  readonly problem: string | null;
  /** The ledger has been shown there before, so that there must be something. */
  readonly isExpected: boolean;
}

export interface IntegrityState extends Integrity {
  /** What was found in the database; null: all is well. Something wrong stays so until the bot is started again. */
  settle(problem: string | null): Promise<void>;
  /** What the audit channel says. */
  compare(view: ChannelView): Promise<void>;
  /** Resolves when the audit channel was compared, where it has something to compare with. */
  readonly compared: Promise<void>;
}

type Source = 'database' | 'channel';

/** @param isExpected whether the ledger has been shown in the audit channel before */
export function createIntegrity(deps: {
  store: Store;
  events: EventReader;
  log: Log;
  isExpected: boolean;
}): IntegrityState {
  const { store, events, log } = deps;
  let state: { checked: boolean; problem: string | null } = { checked: false, problem: null };
  let isCompared = !deps.isExpected;
  const { promise: compared, resolve } = Promise.withResolvers<void>();
  if (isCompared) resolve();
  let doubt = openDoubt(events);
  /** Found before the database itself was checked: what is wrong there says more. */
  let unsaid: string | null = null;

  /** Each source is heard once: what else it finds follows from the first. */
  const said = new Set<Source>();

  async function settle(problem: string | null, source: Source = 'database'): Promise<void> {
    state = { checked: state.checked || source === 'database', problem: state.problem ?? problem };
    if (said.has(source)) return;
    if (problem !== null) said.add(source);
    if (problem === null) {
      if (unsaid !== null) await raiseDoubt(unsaid);
      return;
    }
    log.error(
      { problem },
      'THE LEDGER CANNOT BE TRUSTED: nothing new is granted until somebody has looked and started the bot again; access that is live still ends on time. See docs/ledger.md',
    );
    await store.commit({ events: [damaged({ problem })] });
  }

  async function raiseDoubt(problem: string): Promise<void> {
    if (doubt !== null || state.problem !== null) return;
    if (!state.checked) {
      unsaid = problem;
      return;
    }
    doubt = problem;
    log.error(
      { problem },
      'THE LEDGER CANNOT BE COMPARED: nothing new is granted until an administrator has looked and typed /jit audit looked WHY; access that is live still ends on time. See docs/ledger.md',
    );
    await store.commit({ events: [damaged({ problem, needsLook: true })] });
  }

  /** @returns what speaks against the ledger; null: nothing */
  function flawBy({ ledger, seq, hash, where, at }: ChannelAnchor): string | null {
    const origin = events.origin();
    // A ledger that begins after the other had its last word is a new one, which people see by its first event.
    if (origin && origin.ledger !== ledger && origin.began > at) return null;
    if (origin?.ledger !== ledger)
      return `${where} knows another ledger, which reached event ${seq}: this one was put in its place`;
    // What is in an archive is compared by `jit ledger verify --archives`.
    if (seq < origin.first) return null;
    const found = events.get(seq);
    if (!found)
      return `the ledger ends at event ${events.newest()?.seq ?? 0}, and ${where} knows event ${seq}: the tail was cut off, or an older copy was put in its place`;
    return found.hash === hash ? null : `event ${seq} is not the one that ${where} knows: the ledger was written anew`;
  }

  return {
    compared,
    problem: () => {
      if (state.problem !== null) return state.problem;
      if (doubt !== null) return `${doubt}. An administrator looks into it and then types /jit audit looked WHY`;
      if (!state.checked) return 'it is still being checked; try again in a moment';
      return isCompared ? null : 'it is still being compared with the audit channel; try again in a moment';
    },
    doubt: () => doubt,
    clearDoubt: () => {
      doubt = null;
    },
    settle,
    compare: async ({ anchors, problem, isExpected }) => {
      for (const anchor of [...anchors].sort((a, b) => b.seq - a.seq)) {
        const flaw = flawBy(anchor);
        if (flaw === null) continue;
        await settle(flaw, 'channel');
        break;
      }
      const ledger = events.origin()?.ledger;
      if (isExpected && !isCompared && !anchors.some((anchor) => anchor.ledger === ledger))
        await raiseDoubt(
          problem === null
            ? 'the ledger was shown in the audit channel before, and no message that the bot itself posted there has a position of it'
            : `the ledger was shown in the audit channel before, which cannot be compared with now: ${problem}`,
        );
      isCompared = true;
      resolve();
    },
  };
}

/** Somebody has to look even where the bot was started again meanwhile. */
function openDoubt(events: EventReader): string | null {
  const raised = events.marks('ledger.damaged').findLast(({ payload }) => payload.needsLook === true);
  const looked = events.marks('ledger.looked').at(-1);
  return raised && raised.seq > (looked?.seq ?? 0) ? raised.payload.problem : null;
}

const damaged = (payload: { problem: string; needsLook?: true }) => ({
  type: 'ledger.damaged' as const,
  actor: BOT,
  requestId: null,
  grantId: null,
  payload,
});

/** An administrator has looked at what could not be compared, and says why access may be granted again. */
export async function sayLooked(
  deps: Deps,
  input: { personId: string; reason: string },
): Promise<{ problem: string } | Refused> {
  const admin = await checkAdmin(deps, input.personId);
  if ('refused' in admin) return admin;
  const problem = deps.integrity.doubt();
  if (problem === null) return refuse({ code: 'nothing_to_look_at' });
  const reason = typed(input.reason);
  if (reason === '') return refuse({ code: 'comment_missing' });
  await deps.store.commit({
    events: [
      {
        type: 'ledger.looked',
        actor: personActor(admin.person),
        requestId: null,
        grantId: null,
        payload: { problem, reason },
      },
    ],
  });
  deps.integrity.clearDoubt();
  return { problem };
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
