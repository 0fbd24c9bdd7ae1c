import type { Drain } from '../../domain/drain.ts';
import type { LedgerEvent } from '../../domain/events.ts';
import type { Figures } from '../../domain/report.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import type { JobQueue } from '../../ports/jobs.ts';
import type { ActivityReader, EventReader, EventSearch } from '../../ports/ledger.ts';
import type { OverviewReader } from '../../ports/overview.ts';
import type { PostBook } from '../../ports/posts.ts';
import type { StateCheck } from '../../ports/state.ts';
import type { Store } from '../../ports/store.ts';
import type { IdBook, SeatBook } from '../../ports/targets.ts';
import type { CommitOptions } from '../book/commitOptions.ts';
import type { Anchor, Verification } from '../history/verify.ts';

/** An open ledger, whichever database it is in. @throws StorageError from everything that reads or writes it */
export interface Ledger {
  /** The file, or the address of the server without a password; for messages. */
  readonly where: string;
  /** Files that others could access, in words. */
  readonly exposed: readonly string[];
  /** What somebody added to the tables and acted on them, in words. */
  readonly bent: readonly string[];
  /** Missing parts of the schema that were restored, in words. */
  readonly putBack: readonly string[];
  readonly queue: JobQueue;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly ids: IdBook;
  readonly seats: SeatBook;
  readonly search: EventSearch;
  readonly activity: ActivityReader;
  readonly overview: OverviewReader;
  createStore(options: CommitOptions): Store;
  createStateCheck(clock: Pick<Clock, 'now'>): StateCheck;
  /** A pause before maintenance, or null. */
  drain(): Promise<Drain | null>;
  /** @returns null if there was none */
  newestPolicyLoaded(): Promise<PolicyLoaded | null>;
  /** Checks the chain and the names beside other work. */
  verify(anchors: readonly Anchor[]): Promise<Verification>;
  /** The figures of a period, read beside other work. */
  figures(period: { readonly from: Instant; readonly to: Instant }): Promise<Figures>;
  close(): Promise<void>;
}

export type PolicyLoaded = LedgerEvent & { readonly type: 'policy.loaded' };
