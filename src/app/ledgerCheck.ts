import { MINUTE, type Millis } from '../domain/terms.ts';
import type { CheckpointBook } from '../ledger/history/checkpointBook.ts';
import { verifyInSteps } from '../ledger/history/verify.ts';
import { type OpenLedger, openLedgerToRead } from '../ledger/sqlite/open.ts';
import { createStateCheck } from '../ledger/sqlite/stateCheck.ts';
import type { Deps } from '../lifecycle/deps.ts';
import type { IntegrityState } from '../lifecycle/health/integrity.ts';
import { mendState } from '../lifecycle/health/mendState.ts';
import type { EventReader } from '../ports/ledger.ts';

/** After a check that could not be carried out, or found what could not be put right. */
const CHECK_AGAIN: Millis = MINUTE;

interface CheckDeps {
  readonly ledger: OpenLedger;
  readonly deps: Deps;
  readonly events: EventReader;
  readonly integrity: IntegrityState;
  readonly checkpoints: CheckpointBook | null;
}

/** The look at the ledger and the state beside it, at each start. */
export interface LedgerCheck {
  /** Resolves when the ledger was looked at. */
  readonly done: Promise<void>;
  isDone(): boolean;
  begin(): void;
  /** Waits for what is under way; looks no more. */
  stop(): Promise<void>;
}

export function createLedgerCheck(world: CheckDeps): LedgerCheck {
  const { clock, log } = world.deps;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let checking: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;
  let isLedgerChecked = false;

  /** State first: what is found there is access that would not end. What could not be done is tried again. */
  async function check(): Promise<void> {
    let isDone = false;
    try {
      const { ledger, deps, events } = world;
      const { problem, left } = await mendState({ deps, events, check: createStateCheck(ledger, clock) });
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

/**
 * From the first event to the last, beside the work; and against every position that was kept elsewhere.
 * @returns what is wrong; null: nothing
 */
async function flawInLedger({ ledger, events, checkpoints }: CheckDeps): Promise<string | null> {
  const own = (await events.origin())?.ledger ?? '';
  const kept = (await checkpoints?.anchors(own)) ?? { anchors: [] };
  if ('problem' in kept) return kept.problem;
  const reader = openLedgerToRead(ledger.path);
  try {
    const result = await verifyInSteps(reader, kept.anchors);
    return result.whole ? null : result.problem;
  } finally {
    reader.close();
  }
}

/** What was found about the database's own rules when it was opened; null: they are as the bot made them. */
const partsProblem = ({ bent }: OpenLedger): string | null =>
  bent.length === 0 ? null : `the database has other rules than the bot gave it: ${bent.slice(0, 3).join('; ')}`;
