import type { Log } from '../../ports/host.ts';
import { eachServer } from '../address.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { unreachable, WrongServer, withDeadline } from './deadline.ts';
import { driver } from './driver.ts';
import { sendEarly } from './early.ts';
import { openPools, type Pools } from './pools.ts';
import type { Client } from './transaction.ts';

/** Beyond one for each server: a pooler may have kept several connections to a server that only reads. */
const MORE_TRIES = 3;
const GOING_OR_COMING = '57P';

type Work<T> = (client: Client) => Promise<T>;

/** The servers that an address names, of which one can be written to, and connections to that one. */
export class Servers {
  readonly #addresses: ReturnType<typeof eachServer>;
  readonly #log: Log;
  #pools: Pools;
  /** Connections to servers that were left, which are being closed. */
  readonly #left = new Set<Promise<void>>();

  constructor(url: string, log: Log) {
    this.#addresses = eachServer(url);
    this.#log = log;
    this.#pools = this.#open(this.#addresses[0]);
  }

  /** Of the server that is asked now. */
  get address(): string {
    return this.#pools.address;
  }

  /** Runs work on one connection, and again at the next server where that one cannot be written to. */
  async run<T>(work: Work<T>): Promise<T> {
    const problems = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      const used = this.#pools;
      try {
        return await this.#runOn(used, work);
      } catch (error) {
        if (!(error instanceof WrongServer)) throw error;
        problems.add(error.message);
        this.#moveOn(used);
        if (tries >= this.#addresses.length + MORE_TRIES) throw new Error([...problems].join('; '), { cause: error });
      }
    }
  }

  /** Runs work on a connection of its own, which is closed afterwards. */
  async runApart<T>(address: string, work: Work<T>): Promise<T> {
    const client = new (driver().Client)(this.#optionsFor(address));
    // Told below; without a listener an error after that would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw unreachable(address, error);
    }
    return withDeadline(client, address, work, () => void client.end().catch(() => undefined));
  }

  /** Sends SQL with the last word of a login, on a connection of its own. */
  sendEarly(sql: string): Promise<void> {
    return sendEarly(this.#optionsFor(this.address), sql, TARGET_DEADLINE);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pools.end(), ...this.#left]);
  }

  async #runOn<T>(used: Pools, work: Work<T>): Promise<T> {
    const client = await used.connect().catch((error: unknown) => {
      const problem = unreachable(used.address, error);
      const isElsewhere = this.#addresses.length > 1 && isNoAnswer(error);
      throw isElsewhere ? new WrongServer(problem.message, { cause: error }) : problem;
    });
    return withDeadline(client, used.address, work, (failure) => client.release(failure));
  }

  /** The next server, or the same one by connections of now: those that were open lead to where nothing can be done. */
  #moveOn(from: Pools): void {
    // Whoever came first has moved on already.
    if (this.#pools !== from) return;
    const next = (this.#addresses.indexOf(from.address) + 1) % this.#addresses.length;
    this.#pools = this.#open(this.#addresses[next] ?? this.#addresses[0]);
    const ending = from
      .end()
      .catch((error: unknown) => this.#log.warn({ err: error }, 'connections to PostgreSQL could not be closed'))
      .finally(() => this.#left.delete(ending));
    this.#left.add(ending);
  }

  #open(address: string): Pools {
    return openPools(this.#optionsFor(address), this.#log);
  }

  #optionsFor(address: string) {
    return {
      connectionString: address,
      connectionTimeoutMillis: TARGET_DEADLINE / this.#addresses.length,
      application_name: 'jitbot',
      keepAlive: true,
    };
  }
}

/** A server that is being started or stopped answers as little as one that is not there. */
const isNoAnswer = (error: unknown): boolean =>
  !(error instanceof driver().DatabaseError) || error.code?.startsWith(GOING_OR_COMING) === true;
