import { keyedLock } from '../../concurrency/keyedLock.ts';
import { HOUR, type Instant } from '../../domain/terms.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import { KEEPS_OUT, type SeatBook } from '../../ports/targets.ts';
import { revocationFile } from './krl.ts';
import { type Entry, entriesBeside, writeList } from './listFile.ts';

/** One lock per file, because two resources may share a list. */
const lock = keyedLock();

/**
 * How long a certificate stays on the list after it has expired, so that a server whose clock is behind by less than this
 * still refuses it.
 */
const KEPT_AFTER_EXPIRY = 12 * HOUR;

/** All entries of a list have the same account, so that one query finds them. */
const ACCOUNT = 'revoked certificates';

interface Revoked {
  readonly grantId: string;
  readonly keyId: string;
  /** When the last certificate of the grant expires. */
  readonly until: Instant;
  readonly role: string;
}

/**
 * The list of certificates that servers refuse. Its entries are in the bot's database, and the file is written from there. So a
 * file that was lost, replaced by an older one or tampered with is corrected at the next check.
 */
export class RevocationList {
  readonly #file: string;
  readonly #now: () => Instant;
  readonly #seats: SeatBook;
  readonly #log: Log;
  readonly #place: string;
  /** Entries that could not be stored, by grant. */
  readonly #unwritten = new Map<string, Entry>();

  constructor(file: string, { now, seats, log }: { now: () => Instant; seats: SeatBook; log: Log }) {
    this.#file = file;
    this.#now = now;
    this.#seats = seats;
    this.#log = log;
    this.#place = `${KEEPS_OUT}${file}`;
  }

  /** Puts a grant's certificates on the list until well after they expire. Durable when it resolves. Idempotent. */
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

  /** Whether the bot put this grant's certificates on the list, even if the file lacks them. */
  async has(grantId: string): Promise<boolean> {
    return (await this.#seats.of(grantId)).some((one) => one.place === this.#place);
  }

  /**
   * Corrects the file, and creates it if it is missing: a server that is configured with a list and finds no file refuses
   * everybody.
   * @returns its content now, and whether it was written
   */
  mend(): Promise<{ says: Buffer; written: boolean }> {
    return lock(this.#file, async () => {
      for (const { grantId, until } of await this.#ours())
        if (until <= this.#now()) await this.#writeDown(() => this.#seats.drop({ grantId, place: this.#place }));
      return this.#write();
    });
  }

  /** Stores an entry. If the database cannot be written, continues: that must not keep a certificate alive. */
  async #writeDown(write: () => Promise<void>, otherwise: () => void = () => undefined): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#log.error(
        { err: error, file: this.#file },
        'cannot record what is on a revocation list; the list is still written',
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

  /** All certificates that servers still have to refuse. Entries that expired long ago are deleted. */
  async #wanted(): Promise<Entry[]> {
    const known = new Map((await entriesBeside(this.#file, this.#log)).map((entry) => [entry.keyId, entry]));
    for (const { keyId, until } of [...this.#unwritten.values(), ...(await this.#ours())])
      known.set(keyId, { keyId, until });
    return [...known.values()]
      .filter(({ until }) => until > this.#now())
      .sort((one, other) => (one.keyId < other.keyId ? -1 : 1));
  }
}
