import type { Log } from '../../ports/host.ts';
import { eachServer } from '../address.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';
import { unreachable, WrongServer, withDeadline } from './deadline.ts';
import { driver } from './driver.ts';
import { sendEarly } from './early.ts';
import { openPools, type Pools } from './pools.ts';
import type { Client } from './transaction.ts';

/** Attempts in addition to one per server: a pooler may have kept several connections to a read-only server. */
const MORE_TRIES = 3;
const GOING_OR_COMING = '57P';

type Work<T> = (client: Client) => Promise<T>;

/** The servers that an address names, and connections to the one among them that can be written to. */
export class Servers {
  readonly #addresses: ReturnType<typeof eachServer>;
  readonly #log: Log;
  #pools: Pools;
  /** Connections that are being closed, to servers that the bot no longer uses. */
  readonly #left = new Set<Promise<void>>();

  constructor(url: string, log: Log) {
    this.#addresses = eachServer(url);
    this.#log = log;
    this.#pools = this.#open(this.#addresses[0]);
  }

  /** The address of the server that is used now. */
  get address(): string {
    return this.#pools.address;
  }

  /** Runs work on one connection, and again at the next server if that one cannot be written to. */
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
    // Errors are reported below. Without a listener, a later error would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      throw unreachable(address, error);
    }
    return withDeadline(client, address, work, () => void client.end().catch(() => undefined));
  }

  /** Sends SQL with the last message of a login, on a connection of its own. */
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

  /** Switches to the next server, or to new connections to the same one: the open ones lead to a read-only server. */
  #moveOn(from: Pools): void {
    // Another call has switched already.
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

/** Whether there is no server to answer: it is unreachable, starting or stopping. */
const isNoAnswer = (error: unknown): boolean =>
  !(error instanceof driver().DatabaseError) || error.code?.startsWith(GOING_OR_COMING) === true;
