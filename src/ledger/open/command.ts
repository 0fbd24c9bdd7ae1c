/** A ledger in the hands of a command, on either engine. */

import type { Drain } from '../../domain/drain.ts';
import type { LiveGrant } from '../../domain/grant.ts';
import type { EventReader } from '../../ports/ledger.ts';
import type { OverviewReader } from '../../ports/overview.ts';
import type { Store } from '../../ports/store.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** What commands ask and say beside a bot that may be running. */
export interface Beside {
  readonly overview: OverviewReader;
  readonly events: EventReader;
  /** Whether a process works on the ledger. */
  isRunning(): Promise<boolean>;
  /** Number of the latest `bot.started`; 0 if there is none. */
  newestStart(): Promise<number>;
  liveGrants(): Promise<readonly LiveGrant[]>;
  drain(): Promise<Drain | null>;
  /** @param drain null lifts it */
  setDrain(drain: Drain | null): Promise<void>;
  close(): Promise<void>;
}

/** A ledger in the hands of a command that changes what the bot may not, with the bot stopped. */
export interface Upkeep {
  readonly where: string;
  /** All of it, to read, as it was when it was opened. */
  readonly whole: OpenLedger;
  readonly store: Store;
  readonly events: EventReader;
  /** Files that others could access, in words. */
  readonly exposed: readonly string[];
  /** Deletes archived events, and what nothing else is about. */
  prune(upTo: number): Promise<void>;
  /** @returns how many names and addresses there were */
  erase(person: string): Promise<number>;
  close(): Promise<void>;
}

/** A command that works on a ledger does so alone. What takes over fences it off, so that nothing is to be stopped. */
export const ALONE = { what: 'another command', most: 1, onLost: () => undefined };

/** For a store that is only read. */
export const ONLY_READS = { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined };

export const liveIn = async (store: Pick<Store, 'liveGrants'>): Promise<readonly LiveGrant[]> =>
  (await store.liveGrants({})).map(({ value }) => value);
