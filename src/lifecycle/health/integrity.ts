import { BOT, personActor } from '../../domain/person.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import { isLeftBehind } from '../../domain/restore.ts';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import type { EventReader } from '../../ports/ledger.ts';
import type { Store } from '../../ports/store.ts';
import type { Deps, Integrity } from '../deps.ts';
import { checkAdmin } from '../people/eligibility.ts';

/** A ledger position that the bot itself wrote elsewhere. */
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
  /** Why it could not be read; null if it was. */
  readonly problem: string | null;
  /** Whether the ledger was shown there before, so that messages must be there. */
  readonly isExpected: boolean;
}

export interface IntegrityState extends Integrity {
  /** Takes the result of the database check; null if all is well. A problem stays until the bot restarts. */
  settle(problem: string | null): Promise<void>;
  /** Compares the ledger with the audit channel. */
  compare(view: ChannelView): Promise<void>;
  /** The problem found in the database or the audit channel; null if there is none yet. */
  found(): string | null;
  /** Resolves when the audit channel has been compared, if there is something to compare. */
  readonly compared: Promise<void>;
}

type Source = 'database' | 'channel';

const NOT_TRUSTED =
  'THE LEDGER CANNOT BE TRUSTED: nothing new is granted until somebody has looked and started the bot again; access that is live still ends on time. See docs/ledger.md';
const NOT_COMPARED =
  'THE LEDGER CANNOT BE COMPARED: nothing new is granted until an administrator has looked and typed /jit audit looked WHY; access that is live still ends on time. See docs/ledger.md';

const ANOTHER_LEDGER =
  'ANOTHER LEDGER IS SHOWN IN THE AUDIT CHANNEL, posted by this very bot user. If the database was replaced on purpose, this is fine. If not, another bot uses the same Slack tokens, such as a staging bot with those of production: give each its own Slack app. See docs/ledger.md';

const RESTORED = 'it was put back from a copy, and targets are still being compared with it';

interface Beginning {
  readonly store: Store;
  readonly events: EventReader;
  readonly log: Log;
  /** Whether the ledger has been shown in the audit channel before. */
  readonly isExpected: boolean;
}

export const createIntegrity = async (beginning: Beginning): Promise<IntegrityState> =>
  new Trust(beginning, await openDoubt(beginning.events));

class Trust implements IntegrityState {
  readonly #deps: Beginning;
  readonly #compared = Promise.withResolvers<void>();
  #state: { readonly checked: boolean; readonly problem: string | null } = { checked: false, problem: null };
  #isCompared: boolean;
  #doubt: string | null;
  /** A copy was restored, and targets have not been compared with it yet. */
  #restored: boolean;
  /** Found before the check of the database was done. It is held back, because a problem of the database would explain more. */
  #unsaid: string | null = null;
  /** Each source counts once: its later findings follow from the first. */
  readonly #said = new Set<Source>();
  #hasToldOfOther = false;

  constructor(deps: Beginning, { doubt, restored }: Open) {
    this.#deps = deps;
    this.#doubt = doubt;
    this.#restored = restored;
    this.#isCompared = !deps.isExpected;
    if (this.#isCompared) this.#compared.resolve();
  }

  get compared(): Promise<void> {
    return this.#compared.promise;
  }

  problem(): string | null {
    return problemIn({ ...this.#state, doubt: this.#doubt, restored: this.#restored, isCompared: this.#isCompared });
  }

  doubt(): string | null {
    return this.#doubt;
  }

  isRestored(): boolean {
    return this.#restored;
  }

  reconciled(found: string): void {
    this.#restored = false;
    this.#doubt = this.#doubt === null ? found : `${found}; ${this.#doubt}`;
  }

  found(): string | null {
    return this.#state.problem ?? this.#doubt;
  }

  clearDoubt(): void {
    this.#doubt = null;
  }

  settle(problem: string | null): Promise<void> {
    return this.#settle(problem, 'database');
  }

  async compare(view: ChannelView): Promise<void> {
    const { events } = this.#deps;
    if (!this.#hasToldOfOther) await this.#tellOfOther(view);
    const flaw = await newestFlaw(events, view.anchors);
    if (flaw !== null) await this.#settle(flaw, 'channel');
    const missing = this.#isCompared ? null : await missingAnchor(events, view);
    if (missing !== null) await this.#raiseDoubt(missing);
    this.#isCompared = true;
    this.#compared.resolve();
  }

  async #settle(problem: string | null, source: Source): Promise<void> {
    const { checked, problem: before } = this.#state;
    this.#state = { checked: checked || source === 'database', problem: before ?? problem };
    if (this.#said.has(source)) return;
    if (problem === null) {
      if (this.#unsaid !== null) await this.#raiseDoubt(this.#unsaid);
      return;
    }
    this.#said.add(source);
    this.#deps.log.error({ problem }, NOT_TRUSTED);
    await this.#deps.store.commit({ events: [damaged({ problem })] });
  }

  /** Reported once per start: positions of two ledgers under one bot user mean two bots, or a replaced database. */
  async #tellOfOther({ anchors }: ChannelView): Promise<void> {
    const own = (await this.#deps.events.origin())?.ledger;
    const others = anchors.filter(({ ledger }) => ledger !== own).sort((a, b) => b.at - a.at);
    const [newest] = others;
    if (!newest) return;
    this.#hasToldOfOther = true;
    const { where, ledger, seq, at } = newest;
    this.#deps.log.error({ where, ledger, seq, at: new Date(at).toISOString() }, ANOTHER_LEDGER);
  }

  async #raiseDoubt(problem: string): Promise<void> {
    if (this.#doubt !== null || this.#state.problem !== null) return;
    if (!this.#state.checked) {
      this.#unsaid = problem;
      return;
    }
    this.#doubt = problem;
    this.#deps.log.error({ problem }, NOT_COMPARED);
    await this.#deps.store.commit({ events: [damaged({ problem, needsLook: true })] });
  }
}

interface Found {
  readonly checked: boolean;
  readonly problem: string | null;
  readonly doubt: string | null;
  readonly restored: boolean;
  readonly isCompared: boolean;
}

/** @returns why nothing new is granted; null if granting is fine */
function problemIn({ checked, problem, doubt, restored, isCompared }: Found): string | null {
  if (problem !== null) return problem;
  if (restored) return RESTORED;
  if (doubt !== null) return `${doubt}. An administrator looks into it and then types /jit audit looked WHY`;
  if (!checked) return 'it is still being checked; try again in a moment';
  return isCompared ? null : 'it is still being compared with the audit channel; try again in a moment';
}

/** @returns the flaw shown by the newest position that does not match; null if all match */
async function newestFlaw(events: EventReader, anchors: readonly ChannelAnchor[]): Promise<string | null> {
  const restores = await events.marks('ledger.restored');
  for (const anchor of [...anchors].sort((a, b) => b.seq - a.seq)) {
    if (isLeftBehind(anchor, restores)) continue;
    const flaw = await flawBy(events, anchor);
    if (flaw !== null) return flaw;
  }
  return null;
}

/** @returns why the ledger cannot be compared with a channel that has shown it; null if it can */
async function missingAnchor(
  events: EventReader,
  { anchors, problem, isExpected }: ChannelView,
): Promise<string | null> {
  const ledger = (await events.origin())?.ledger;
  if (!isExpected || anchors.some((anchor) => anchor.ledger === ledger)) return null;
  return problem === null
    ? 'the ledger was shown in the audit channel before, and no message that the bot itself posted there has a position of it'
    : `the ledger was shown in the audit channel before, which cannot be compared with now: ${problem}`;
}

/** @returns the flaw in the ledger; null if there is none */
async function flawBy(events: EventReader, { ledger, seq, hash, where, at }: ChannelAnchor): Promise<string | null> {
  const origin = await events.origin();
  // A ledger that begins after the other's last position is a new one, which people see by its first event.
  if (origin && origin.ledger !== ledger && origin.began > at) return null;
  if (origin?.ledger !== ledger)
    return `${where} knows another ledger, which reached event ${seq}: this one was put in its place, or another bot works with the same Slack app`;
  // `jitbot ledger verify --archives` compares archived positions.
  if (seq < origin.first) return null;
  const found = await events.get(seq);
  if (!found)
    return `the ledger ends at event ${(await events.newest())?.seq ?? 0}, and ${where} knows event ${seq}: the tail was cut off, or an older copy was put in its place`;
  return found.hash === hash ? null : `event ${seq} is not the one that ${where} knows: the ledger was written anew`;
}

interface Open {
  readonly doubt: string | null;
  readonly restored: boolean;
}

/**
 * Why nothing is granted until targets were compared, or an administrator has looked, as events say.
 * @returns null if there is no reason
 */
export async function recordedDoubt(events: EventReader): Promise<string | null> {
  const { doubt, restored } = await openDoubt(events);
  return restored ? RESTORED : doubt;
}

/** The doubt survives a restart: an administrator still has to look. */
async function openDoubt(events: EventReader): Promise<Open> {
  const damage = (await events.marks('ledger.damaged')).findLast(({ payload }) => payload.needsLook === true);
  const restored = (await events.marks('ledger.restored')).at(-1)?.seq ?? 0;
  const reconciled = (await events.marks('ledger.reconciled')).at(-1);
  const looked = (await events.marks('ledger.looked')).at(-1)?.seq ?? 0;
  const open = [reconciled, damage].flatMap((raised) => (raised && raised.seq > looked ? raised.payload.problem : []));
  return { doubt: open.length === 0 ? null : open.join('; '), restored: restored > (reconciled?.seq ?? 0) };
}

const damaged = (payload: { problem: string; needsLook?: true }) => ({
  type: 'ledger.damaged' as const,
  actor: BOT,
  requestId: null,
  grantId: null,
  payload,
});

/** Records that an administrator looked at what could not be compared, and why granting may go on. */
export async function sayLooked(
  deps: Deps,
  input: { personId: string; reason: string },
): Promise<{ problem: string } | Refused> {
  const admin = await checkAdmin(deps, input.personId);
  if ('refused' in admin) return admin;
  const problem = deps.integrity.doubt();
  if (deps.integrity.isRestored()) return refuse({ code: 'ledger_damaged', problem: RESTORED });
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

/** How often a position is kept outside the database while events come in. */
const CHECKPOINT_EVERY: Millis = 10 * MINUTE;

export interface Checkpoints {
  readonly keyId: string;
  readonly place: string;
  keep(position: { ledger: string; seq: number; hash: string; at: number }): Promise<void>;
}

/** Keeps the newest position outside the database, if there are events since the last one. */
export async function anchorLedger(
  { store, events }: { store: Store; events: EventReader },
  checkpoints: Checkpoints,
  now: number,
): Promise<{ notBefore: number }> {
  const newest = await events.newest();
  const origin = await events.origin();
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
