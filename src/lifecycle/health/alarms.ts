import { ALARMS, type Alarm, type AlarmKind } from '../../domain/alarm.ts';
import type { NewEvent } from '../../domain/events.ts';
import { BOT, type Named, named } from '../../domain/person.ts';
import { StorageError } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { peopleNamed } from '../people/candidates.ts';

/** Somebody is woken for what the bot cannot put right, once each time that it begins, and told when it is over. */

/** How to wake somebody while nothing can be recorded. */
export interface Shout {
  /** A message to somebody, which nothing keeps. */
  tell(slackId: string, text: string): Promise<void>;
}

export interface Alarms {
  /** Raises what is new among these, and ends what is not among them any more. */
  sound(found: ReadonlyMap<AlarmKind, string>): Promise<void>;
}

export function createAlarms(deps: Deps, { tell }: Shout): Alarms {
  /** Those that could not be recorded, and the key of the incident that was opened for each. */
  const shouted = new Map<AlarmKind, Alarm & { readonly key: string | null }>();

  async function raise(kind: AlarmKind, problem: string): Promise<void> {
    const current = await deps.store.record('alarm', kind);
    if (current.value !== null) return;
    deps.log.error({ alarm: kind, problem }, `alarm: ${ALARMS[kind]}`);
    const to = (await peopleNamed(deps, deps.policy.admins)).people.map(named);
    const since = deps.clock.now();
    const raised: NewEvent<'alarm.raised'> = {
      ...BY_BOT,
      type: 'alarm.raised',
      payload: { alarm: kind, problem, since, page: deps.policy.alarms?.page ?? null, to },
    };
    const value: Alarm = { since, problem, to: to.map(({ slackId }) => slackId) };
    await deps.store.commit({
      records: [{ kind: 'alarm', key: kind, value, version: current.version }],
      events: [raised],
    });
  }

  /** Recorded first: what was shouted is taken back when somebody could read that it is over. */
  async function end(kind: AlarmKind): Promise<void> {
    const { value, version } = await deps.store.record('alarm', kind);
    const over = value ?? shouted.get(kind);
    if (over === undefined) return;
    const { since, problem } = over;
    await deps.store.commit({
      ...(value !== null && { records: [{ kind: 'alarm', key: kind, value: null, version }] }),
      events: [{ ...BY_BOT, type: 'alarm.ended', payload: { alarm: kind, since, problem, to: await known(over.to) } }],
    });
    deps.log.info({ alarm: kind }, 'an alarm is over');
    const key = shouted.get(kind)?.key ?? null;
    shouted.delete(kind);
    if (key !== null) await attempt(() => deps.incidents.resolve(key));
  }

  /** With the names that they have now. */
  const known = (ids: readonly string[]): Promise<Named[]> =>
    Promise.all(
      ids.map(async (slackId) => {
        const person = await deps.directory.person(slackId);
        return person.known ? named(person.value) : { slackId, name: slackId };
      }),
    );

  /** Nothing can be recorded, and somebody has to know all the same. */
  async function shout(kind: AlarmKind, problem: string): Promise<void> {
    if (shouted.has(kind)) return;
    const since = deps.clock.now();
    const text = `${ALARMS[kind]}: ${problem}`;
    deps.log.error({ alarm: kind, problem }, 'an alarm cannot be recorded; it is raised all the same');
    const service = deps.policy.alarms?.page;
    const key = service === undefined ? null : `jitbot-alarm-${kind}-${deps.newId('A')}`;
    shouted.set(kind, { since, problem, to: [], key });
    if (service !== undefined && key !== null)
      await attempt(() => deps.incidents.page({ service, title: `jitbot: ${ALARMS[kind]}`, details: text, key }));
    const { people } = await peopleNamed(deps, deps.policy.admins);
    for (const { slackId } of people) await attempt(() => tell(slackId, `:rotating_light: *${text}*`));
    shouted.set(kind, { since, problem, to: people.map(({ slackId }) => slackId), key });
  }

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      deps.log.error({ err: error }, 'somebody could not be told of an alarm');
    }
  }

  async function one(kind: AlarmKind, problem: string | undefined): Promise<void> {
    try {
      await (problem === undefined ? end(kind) : raise(kind, problem));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (problem !== undefined) await shout(kind, problem);
    }
  }

  return {
    sound: async (found) => {
      for (const kind of Object.keys(ALARMS) as AlarmKind[]) await one(kind, found.get(kind));
    },
  };
}

const BY_BOT = { actor: BOT, requestId: null, grantId: null } as const;
