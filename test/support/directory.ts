/**
 * A directory service in memory: people and places have ids that never change, and names that do. It can fail before and
 * after it did what it was told, show what was so a while ago, and turn a caller away as if nothing were there.
 */

import { membership } from '../../src/provisioners/membership.ts';
import type { Use } from '../../src/provisioners/provisioner.ts';
import type { Made, Roster } from '../../src/provisioners/roster.ts';

export const LEVELS = ['read', 'write', 'admin'] as const;
export type Level = (typeof LEVELS)[number];
export type DirectoryRole = Record<string, Level>;
type Failing = 'no' | 'before' | 'after' | 'after-set';

export function createDirectory(use: Pick<Use, 'seats' | 'ids'>) {
  /** Level by place id and person id. */
  const held = new Map<string, string>();
  /** Ids by name. */
  let people = new Map<string, string>();
  let places = new Map<string, string>();
  let scope = '';
  /** What administrators can make in places. */
  const made = new Map<string, Made[]>();
  let isSlow = false;
  let failing: Failing = 'no';
  let isBlind = false;
  /** Answers to come that show what was so before the last change. */
  let stale = 0;
  let staleAfterNext = 0;
  let shown: ReadonlyMap<string, string> = new Map();
  let serial = 0;

  const call = async <T>(work: () => T): Promise<T> => {
    if (failing === 'before') throw new Error('directory at 127.0.0.1 did not answer');
    const result = work();
    if (failing === 'after') throw new Error('directory at 127.0.0.1 did not answer');
    return result;
  };
  const visible = (): ReadonlyMap<string, string> => {
    if (stale === 0) return held;
    stale -= 1;
    return shown;
  };
  const found = (ids: ReadonlyMap<string, string>, name: string): string => {
    const id = isBlind ? undefined : ids.get(name);
    if (id === undefined) throw new Error(`directory at 127.0.0.1 shows no ${name}`);
    return id;
  };
  /** A place that is not there, or not for these eyes. */
  const see = (place: string): void => {
    if (isBlind || ![...places.values()].includes(place)) throw new Error(`directory at 127.0.0.1 shows no ${place}`);
  };

  const roster: Roster<DirectoryRole> = {
    get scope() {
      return `directory ${scope}`;
    },
    levels: LEVELS,
    expires: false,
    seats: (role) => Object.entries(role).map(([place, level]) => ({ place, level })),
    placeId: (name) => call(() => found(places, name)),
    personId: (account) => call(() => found(people, account)),
    level: (place, person) =>
      call(() => {
        see(place);
        return visible().get(`${place}/${person}`) ?? null;
      }),
    set: (place, person, level) =>
      call(() => {
        // As services do that say the same of what is not there and of what one may not see.
        if (isBlind) return;
        shown = new Map(held);
        stale = staleAfterNext;
        if (level === null) held.delete(`${place}/${person}`);
        else held.set(`${place}/${person}`, level);
        if (failing === 'after-set') throw new Error('the answer was lost');
      }),
    made: async (place, level) => {
      if (isSlow) await new Promise(() => undefined);
      return level === 'admin' ? (made.get(place) ?? []) : null;
    },
    members: (place) =>
      call(() => {
        see(place);
        return [...visible()].flatMap(([key, level]) => {
          const [at, id = ''] = key.split('/');
          const account = [...people].find(([, one]) => one === id)?.[0] ?? id;
          return at === place ? [{ id, account, level }] : [];
        });
      }),
  };

  const give = (ids: Map<string, string>, kind: string, name: string): string => {
    serial += 1;
    const id = `${kind}${serial}`;
    ids.set(name, id);
    return id;
  };

  const connectAs = (account: string) =>
    membership(roster, { ...use, accountOf: () => account, polling: { every: 1, until: 20 }, mostLooking: 20 });

  return {
    connectAs,
    fail: (how: Failing) => {
      failing = how;
    },
    blind: (now: boolean) => {
      isBlind = now;
    },
    /** The next looks show what was so before the last change. */
    showStale: (looks: number) => {
      stale = looks;
    },
    /** After each change so many looks show what was so before it; 0: from now on everything is fresh. */
    showStaleAfterNext: (looks: number) => {
      staleAfterNext = looks;
      stale = 0;
    },
    /** A directory of its own, with nobody in it. */
    anew: (name: string) => {
      scope = name;
      held.clear();
      made.clear();
      isSlow = false;
      people = new Map([
        ['ben@harbor.example', 'person-ben'],
        ['eve@harbor.example', 'person-eve'],
      ]);
      places = new Map([
        ['orders', 'place-orders'],
        ['payments', 'place-payments'],
      ]);
      failing = 'no';
      isBlind = false;
      stale = 0;
      staleAfterNext = 0;
    },
    make: (place: string, things: Made[]): void => void made.set(place, things),
    /** Looking at what was made never ends. */
    slow: (now: boolean): void => {
      isSlow = now;
    },
    /** What somebody has, by ids: whatever they are called. */
    of: (place: string, person: string): string | null => held.get(`place-${place}/person-${person}`) ?? null,
    put: (place: string, person: string, level: string): void => void held.set(`${place}/${person}`, level),
    take: (place: string, person: string): void => void held.delete(`${place}/${person}`),
    everything: (): string[] => [...held].map(([key, level]) => `${key} ${level}`).toSorted(),
    /** Somebody new takes a name that somebody had, who is called otherwise now. */
    renamePerson: (from: string, to: string): string => rename(people, from, to, 'person-new'),
    renamePlace: (from: string, to: string): string => rename(places, from, to, 'place-new'),
    /** A place goes to another owner. @returns puts it back */
    removePlace: (name: string): (() => void) => {
      const id = places.get(name) ?? '';
      places.delete(name);
      return () => void places.set(name, id);
    },
    rename: (what: 'people' | 'places', names: readonly (readonly [string, string])[]): void => {
      if (what === 'people') people = new Map(names);
      else places = new Map(names);
    },
    names: (what: 'people' | 'places'): readonly (readonly [string, string])[] => [
      ...(what === 'people' ? people : places),
    ],
  };

  function rename(ids: Map<string, string>, from: string, to: string, kind: string): string {
    const id = ids.get(from) ?? '';
    ids.delete(from);
    ids.set(to, id);
    return give(ids, kind, from);
  }
}
