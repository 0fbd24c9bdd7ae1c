/** Pages somebody when a problem begins that the bot cannot solve, and tells the same people when it is over. */

import type { Alarm, AlarmKind } from '../../domain/alarm.ts';
import type { NewEvent } from '../../domain/events.ts';
import { BOT, type Named, named } from '../../domain/person.ts';
import { StorageError } from '../../ports/store.ts';
import { ALARMS } from '../../wording/reasons/alarms.ts';
import type { Deps } from '../deps.ts';
import { peopleNamed } from '../people/candidates.ts';

/** How to page somebody while nothing can be recorded. */
export interface Shout {
  /** Sends a message that is recorded nowhere. */
  tell(slackId: string, alarm: { readonly alarm: AlarmKind; readonly problem: string }): Promise<void>;
}

export interface Alarms {
  /** Raises the new alarms among these, and ends those that are missing. */
  sound(found: ReadonlyMap<AlarmKind, string>): Promise<void>;
}

export const createAlarms = (deps: Deps, shout: Shout): Alarms => new Bell(deps, shout);

/** An alarm that was raised without a record; `to` has those who were told. */
interface Shouted extends Alarm {
  /** Of its incident, however often that is asked for. */
  readonly key: string;
  readonly isPaged: boolean;
}

class Bell implements Alarms {
  readonly #deps: Deps;
  readonly #tell: Shout['tell'];
  /** Alarms that were raised while nothing could be recorded. */
  readonly #shouted = new Map<AlarmKind, Shouted>();

  constructor(deps: Deps, { tell }: Shout) {
    this.#deps = deps;
    this.#tell = tell;
  }

  async sound(found: ReadonlyMap<AlarmKind, string>): Promise<void> {
    for (const kind of Object.keys(ALARMS) as AlarmKind[]) await this.#settle(kind, found.get(kind));
  }

  async #settle(kind: AlarmKind, problem: string | undefined): Promise<void> {
    try {
      await (problem === undefined ? this.#end(kind) : this.#raise(kind, problem));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (problem !== undefined) await this.#shout(kind, problem);
    }
  }

  async #raise(kind: AlarmKind, problem: string): Promise<void> {
    const { store, policy, clock, log } = this.#deps;
    const current = await store.record('alarm', kind);
    if (current.value !== null) return;
    log.error({ alarm: kind, problem }, `alarm: ${ALARMS[kind]}`);
    const to = (await peopleNamed(this.#deps, policy.admins)).people.map(named);
    const shouted = this.#shouted.get(kind);
    const since = shouted?.since ?? clock.now();
    const page = shouted?.isPaged ? null : (policy.alarms?.page ?? null);
    const raised: NewEvent<'alarm.raised'> = {
      ...BY_BOT,
      type: 'alarm.raised',
      payload: { alarm: kind, problem, since, page, to, ...(shouted && { told: shouted.to }) },
    };
    const value: Alarm = { since, problem, to: to.map(({ slackId }) => slackId) };
    await store.commit({ records: [{ kind: 'alarm', key: kind, value, version: current.version }], events: [raised] });
  }

  /** Records the end before it resolves the incident, so that people can read that the problem is over. */
  async #end(kind: AlarmKind): Promise<void> {
    const { store, log, incidents } = this.#deps;
    const { value, version } = await store.record('alarm', kind);
    const over = value ?? this.#shouted.get(kind);
    if (over === undefined) return;
    const { since, problem } = over;
    const to = await this.#namesOf(over.to);
    await store.commit({
      ...(value !== null && { records: [{ kind: 'alarm', key: kind, value: null, version }] }),
      events: [{ ...BY_BOT, type: 'alarm.ended', payload: { alarm: kind, since, problem, to } }],
    });
    log.info({ alarm: kind }, 'an alarm is over');
    const shouted = this.#shouted.get(kind);
    this.#shouted.delete(kind);
    if (shouted?.isPaged) await this.#attempt(() => incidents.resolve(shouted.key));
  }

  /** Their current names. */
  #namesOf(ids: readonly string[]): Promise<Named[]> {
    return Promise.all(
      ids.map(async (slackId) => {
        const person = await this.#deps.directory.person(slackId);
        return person.known ? named(person.value) : { slackId, name: slackId };
      }),
    );
  }

  /** Tells administrators and pages, while nothing can be recorded. Whoever could not be reached is tried again each time. */
  async #shout(kind: AlarmKind, problem: string): Promise<void> {
    const { policy, incidents } = this.#deps;
    const before = this.#shouted.get(kind) ?? this.#begin(kind, problem);
    const { key } = before;
    const service = policy.alarms?.page;
    const paging = { title: `jitbot: ${ALARMS[kind]}`, details: problem, key };
    const isPaged =
      before.isPaged || (service !== undefined && (await this.#attempt(() => incidents.page({ service, ...paging }))));
    const to = [...before.to];
    const { people } = await peopleNamed(this.#deps, policy.admins);
    for (const { slackId } of people) {
      if (to.includes(slackId)) continue;
      if (await this.#attempt(() => this.#tell(slackId, { alarm: kind, problem }))) to.push(slackId);
    }
    this.#shouted.set(kind, { ...before, to, isPaged });
  }

  #begin(kind: AlarmKind, problem: string): Shouted {
    const { clock, log, newId } = this.#deps;
    log.error({ alarm: kind, problem }, 'an alarm cannot be recorded; it is still raised');
    return { since: clock.now(), problem, to: [], key: `jitbot-alarm-${kind}-${newId('A')}`, isPaged: false };
  }

  /** @returns whether it worked */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#deps.log.error({ err: error }, 'cannot tell somebody of an alarm');
      return false;
    }
  }
}

const BY_BOT = { actor: BOT, requestId: null, grantId: null } as const;
