import { MINUTE, type Millis } from '../domain/terms.ts';
import type { CheckpointBook } from '../ledger/history/checkpointBook.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import type { Deps } from '../lifecycle/deps.ts';
import type { IntegrityState } from '../lifecycle/health/integrity.ts';
import { type Mended, mendState } from '../lifecycle/health/mendState.ts';
import type { EventReader } from '../ports/ledger.ts';
import { LEDGER_DOUBT } from '../wording/health.ts';

/** The delay before the next try, if a check could not run or could not repair what it found. */
const CHECK_AGAIN: Millis = MINUTE;

interface CheckDeps {
  readonly ledger: Ledger;
  readonly deps: Deps;
  readonly events: EventReader;
  readonly integrity: IntegrityState;
  readonly checkpoints: CheckpointBook | null;
}

/** Checks the ledger and the state tables at each start. */
export interface LedgerCheck {
  /** Resolves when the ledger was checked. */
  readonly done: Promise<void>;
  isDone(): boolean;
  begin(): void;
  /** Waits for a running check, and starts no other. */
  stop(): Promise<void>;
}

export function createLedgerCheck(world: CheckDeps): LedgerCheck {
  const { clock, log } = world.deps;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let checking: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;
  let isLedgerChecked = false;

  /** Checks the state tables first: a mistake there is access that would not end. Retries what failed. */
  async function check(): Promise<void> {
    let isDone = false;
    try {
      const { ledger, deps, events } = world;
      const { problem, left } = await mended({ ledger, deps, events });
      const flaw = isLedgerChecked ? null : await flawInLedger(world);
      const found = [flaw, partsProblem(ledger), problem].filter((text) => text !== null).join('; ');
      await world.integrity.settle(found === '' ? null : found);
      isLedgerChecked = true;
      resolve();
      isDone = left === 0;
    } catch (error) {
      log.error({ err: error }, 'the ledger could not be checked; nothing new is granted until it is');
    }
    if (!isDone) cancel = clock.wakeAt(clock.now() + CHECK_AGAIN, begin);
  }

  function begin(): void {
    checking = check();
  }

  return {
    done,
    isDone: () => isLedgerChecked,
    begin,
    stop: async () => {
      cancel();
      await checking;
      cancel();
    },
  };
}

async function mended({ ledger, deps, events }: Pick<CheckDeps, 'ledger' | 'deps' | 'events'>): Promise<Mended> {
  const check = ledger.createStateCheck(deps.clock);
  try {
    return await mendState({ deps, events, check });
  } finally {
    await check.close();
  }
}

/**
 * Verifies all events in the background, and compares them with every position that was kept elsewhere.
 * @returns what is wrong, or null
 */
async function flawInLedger({ ledger, events, checkpoints }: CheckDeps): Promise<string | null> {
  const own = (await events.origin())?.ledger ?? '';
  const kept = (await checkpoints?.anchors(own)) ?? { anchors: [] };
  if ('problem' in kept) return kept.problem;
  const result = await ledger.verify(kept.anchors);
  return result.whole ? null : result.problem;
}

/** What was wrong with the database's triggers when it was opened, or null. */
const partsProblem = ({ bent }: Pick<Ledger, 'bent'>): string | null =>
  bent.length === 0 ? null : LEDGER_DOUBT.otherRules(bent.slice(0, 3).join('; '));
