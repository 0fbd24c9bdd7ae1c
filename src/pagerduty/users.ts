import type { Person } from '../domain/person.ts';
import { HOUR, type Instant, type Known, known, type Millis, unknown } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { Clock } from '../ports/host.ts';
import type { PagerDutyClient } from './client.ts';
import { userSchema } from './schemas.ts';

/** How long the PagerDuty user of an e-mail address is cached, in ms. Every on-call answer confirms it. */
const IDENTITY_AGE: Millis = HOUR;

/** A person as a user of PagerDuty. */
interface Identity {
  readonly userId: string;
  /** In lower case. */
  readonly address: string;
}

/** Finds people's PagerDuty users by e-mail address. */
export class Users {
  readonly #client: PagerDutyClient;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #addressOf: (person: Person) => Known<string>;
  readonly #seen = new Map<string, { readonly userId: string; readonly at: Instant }>();

  /** @param addressOf a person's e-mail address in PagerDuty, in lower case */
  constructor(client: PagerDutyClient, clock: Pick<Clock, 'now'>, addressOf: (person: Person) => Known<string>) {
    this.#client = client;
    this.#clock = clock;
    this.#addressOf = addressOf;
  }

  async identify(person: Person, purpose: Purpose): Promise<Known<Identity>> {
    const address = this.#addressOf(person);
    if (!address.known) return address;
    const userId = await this.#userWith(address.value, purpose);
    return userId.known ? known({ userId: userId.value, address: address.value }) : userId;
  }

  /** An answer showed that the address now belongs to another user. */
  forget({ address }: Identity): void {
    this.#seen.delete(address);
  }

  async knows(person: Person): Promise<Known<boolean>> {
    const address = this.#addressOf(person);
    if (!address.known) return address;
    const found = await this.#search(address.value, 'check');
    return found.known ? known(found.value.length > 0) : found;
  }

  async #userWith(address: string, purpose: Purpose): Promise<Known<string>> {
    const seen = this.#seen.get(address);
    if (seen && this.#clock.now() - seen.at <= IDENTITY_AGE) return known(seen.userId);
    const found = await this.#search(address, purpose);
    if (!found.known) return found;
    const [first, ...others] = found.value;
    if (!first)
      return unknown(
        `PagerDuty has no user with the e-mail address ${address}; where it is another one, put it under identities in the policy file, as pagerduty`,
      );
    if (others.length > 0)
      return unknown(`PagerDuty has ${found.value.length} users with the e-mail address ${address}`);
    this.#seen.set(address, { userId: first.id, at: this.#clock.now() });
    return known(first.id);
  }

  /** Only users with exactly this e-mail address, because the search is fuzzy. */
  async #search(address: string, purpose: Purpose): Promise<Known<readonly { readonly id: string }[]>> {
    const found = await this.#client.list('/users', { query: address }, 'users', userSchema, purpose);
    return found.known ? known(found.value.filter(({ email }) => email.toLowerCase() === address)) : found;
  }
}
