import type { JobKind } from '../ports/jobs.ts';
import { createLane, type Lane, type LaneOptions } from './lane.ts';

export interface Runner {
  start(): void;
  /** Runs once what is due and needs no record, whether or not lanes claim work yet. */
  workUnrecorded(): Promise<void>;
  /** Work of these kinds has become due: look in the next turn of the event loop instead of at the next wake-up. */
  poke(kinds: ReadonlySet<JobKind>): void;
  /** Claims no more work, and waits for what is running. */
  stop(): Promise<void>;
}

export interface RunnerOptions extends Omit<LaneOptions, 'isStopped'> {
  /** In the order in which they claim work. */
  readonly lanes: readonly Lane[];
}

export function createRunner(options: RunnerOptions): Runner {
  let isStopped = true;
  const lanes = options.lanes.map((lane) => createLane(lane, { ...options, isStopped: () => isStopped }));
  const poked = new Set<(typeof lanes)[number]>();
  let isPumping = false;

  /**
   * A claim is a durable commit. There is one per turn of the event loop, lanes in order: the work of the first is
   * running before the next one claims, so that nobody's access waits for messages about it. A claim that waits for the disk
   * keeps no other lane waiting: those of one turn share its sync.
   */
  async function pumpPoked(): Promise<void> {
    const next = () => lanes.find((lane) => poked.delete(lane));
    for (let lane = next(); lane; lane = next()) {
      const committed = await Promise.race([lane.pump(), nextTurn().then(() => false)]);
      if (committed && poked.size > 0) await nextTurn();
    }
    isPumping = false;
  }

  return {
    start: () => {
      isStopped = false;
      for (const lane of lanes) void lane.pump();
    },
    workUnrecorded: async () => {
      await Promise.all(lanes.map((lane) => lane.workUnrecorded()));
    },
    poke: (kinds) => {
      const due = lanes.filter((lane) => lane.kinds.some((kind) => kinds.has(kind)));
      for (const lane of due) poked.add(lane);
      // A claim of another lane may wait for the disk; what ends access does not wait for that.
      if (isPumping) setImmediate(() => void Promise.all(due.map((lane) => lane.beginDue())));
      else setImmediate(() => void pumpPoked());
      isPumping = true;
    },
    stop: async () => {
      isStopped = true;
      await Promise.all(lanes.map((lane) => lane.drain()));
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
