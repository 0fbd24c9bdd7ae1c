import { keyedLock } from '../../concurrency/keyedLock.ts';
import { HOUR, type Instant } from '../../domain/terms.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import { KEEPS_OUT, type SeatBook } from '../../ports/targets.ts';
import { revocationFile } from './krl.ts';
import { type Entry, entriesBeside, writeList } from './listFile.ts';

/** By file: two resources may share a list. */
const lock = keyedLock();

/**
 * How long a certificate stays on the list after it has expired: a server whose clock is behind by less than this refuses it
 * all the same.
 */
const KEPT_AFTER_EXPIRY = 12 * HOUR;

/** Everything on a list is kept under one name, so that it can be asked for at once. */
const ACCOUNT = 'revoked certificates';

interface Revoked {
  readonly grantId: string;
  readonly keyId: string;
  /** When the last certificate of the grant expires. */
  readonly until: Instant;
  readonly role: string;
}

/**
 * The list that servers refuse certificates by. What is on it stands in the bot's database; the file is written anew from
 * there, so that a file that was lost, replaced by an older one or tampered with is mended by the next look at it.
 */
export class RevocationList {
  readonly #file: string;
  readonly #now: () => Instant;
  readonly #seats: SeatBook;
  readonly #log: Log;
  readonly #place: string;
  /** What could not be written down, by grant. */
  readonly #unwritten = new Map<string, Entry>();

  constructor(file: string, { now, seats, log }: { now: () => Instant; seats: SeatBook; log: Log }) {
    this.#file = file;
    this.#now = now;
    this.#seats = seats;
    this.#log = log;
    this.#place = `${KEEPS_OUT}${file}`;
  }

  /** Puts the certificates of a grant on the list until they have long expired. Durable when it resolves. Idempotent. */
  add({ grantId, keyId, until, role }: Revoked): Promise<Buffer> {
    return lock(this.#file, async () => {
      const level = String(until + KEPT_AFTER_EXPIRY);
      await this.#writeDown(
        () => this.#seats.keep({ grantId, place: this.#place, account: ACCOUNT, level, role, before: keyId }),
        () => this.#unwritten.set(grantId, { keyId, until: Number(level) }),
      );
      return (await this.#write()).says;
    });
  }

  /** Whether the bot put the certificates of this grant on the list, whatever the file says. */
  async has(grantId: string): Promise<boolean> {
    return (await this.#seats.of(grantId)).some((one) => one.place === this.#place);
  }

  /**
   * Makes the file say what it should, also where there is none yet: a server that is told of a file and finds none refuses
   * everybody.
   * @returns what it says now, and whether it had to be written
   */
  mend(): Promise<{ says: Buffer; written: boolean }> {
    return lock(this.#file, async () => {
      for (const { grantId, until } of await this.#ours())
        if (until <= this.#now()) await this.#writeDown(() => this.#seats.drop({ grantId, place: this.#place }));
      return this.#write();
    });
  }

  /** A database that cannot be written must not keep a certificate alive. */
  async #writeDown(write: () => Promise<void>, otherwise: () => void = () => undefined): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#log.error(
        { err: error, file: this.#file },
        'cannot write down what is on a revocation list; the list is written all the same',
      );
      otherwise();
    }
  }

  async #ours(): Promise<(Entry & { grantId: string })[]> {
    return (await this.#seats.at(this.#place, ACCOUNT)).map(({ grantId, before, level }) => ({
      grantId,
      keyId: before ?? '',
      until: Number(level),
    }));
  }

  async #write(): Promise<{ says: Buffer; written: boolean }> {
    const entries = await this.#wanted();
    const bytes = revocationFile(
      entries.map(({ keyId }) => keyId),
      this.#now(),
    );
    return writeList(this.#file, entries, bytes);
  }

  /** Everything that is still to be refused. What has long expired is forgotten. */
  async #wanted(): Promise<Entry[]> {
    const known = new Map((await entriesBeside(this.#file, this.#log)).map((entry) => [entry.keyId, entry]));
    for (const { keyId, until } of [...this.#unwritten.values(), ...(await this.#ours())])
      known.set(keyId, { keyId, until });
    return [...known.values()]
      .filter(({ until }) => until > this.#now())
      .sort((one, other) => (one.keyId < other.keyId ? -1 : 1));
  }
}
