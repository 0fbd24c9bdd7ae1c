import type { Instant } from '../domain/terms.ts';
import type { Log } from '../ports/host.ts';
import type { Claim, JobQueue, Settled } from '../ports/jobs.ts';
import { StorageError } from '../ports/store.ts';

/** Outcomes of work that could not be recorded yet. A claim would block its job, and what is done would be done again. */
export class UnrecordedOutcomes {
  readonly #all = new Map<string, { readonly settled: Settled; readonly again: Instant }>();

  get size(): number {
    return this.#all.size;
  }

  /** @param again when the work may run again although this is not recorded */
  keep(settled: Settled, again: Instant): void {
    this.#all.set(idOf(settled.claim), { settled, again });
  }

  forget(claim: Claim): void {
    this.#all.delete(idOf(claim));
  }

  /**
   * Due work as it would be if all were recorded. A job that was put again since is other work.
   * @returns null if it has to wait
   */
  asRecorded(due: Claim, now: Instant): Claim | null {
    const left = this.#all.get(idOf(due));
    if (left?.settled.claim.generation !== due.generation) return due;
    const { claim, next } = left.settled;
    if (next === 'done' || left.again > now) return null;
    const attempt = { done: 1, failed: claim.attempt + 1, waiting: claim.attempt }[next.after];
    return { ...due, attempt };
  }

  /** Records all of them together. @throws StorageError if they still cannot be recorded */
  async record(queue: JobQueue, log: Log): Promise<void> {
    const all = [...this.#all.values()];
    const outcomes = await Promise.allSettled(all.map(({ settled }) => queue.settle(settled)));
    for (const [index, { settled }] of all.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'rejected' && outcome.reason instanceof StorageError) throw outcome.reason;
      // An outcome that came meanwhile has taken its place.
      if (this.#all.get(idOf(settled.claim))?.settled === settled) this.forget(settled.claim);
      if (outcome?.status !== 'rejected') continue;
      const { kind, key } = settled.claim;
      log.error(
        { err: outcome.reason, kind, key },
        'an outcome that was not recorded is dropped; the job is done again',
      );
    }
  }
}

export const idOf = ({ kind, key }: Claim): string => `${kind} ${key}`;
