import type { IdBook } from '../ports/targets.ts';
import type { Roster } from './roster.ts';

const PERSON = 'person ';
const PLACE = 'place ';

/** The person of a grant at the target. */
export interface Person {
  readonly id: string;
  readonly account: string;
}

/** The ids of a grant's places and person when it was given: their names may belong to others by now. */
export function foundFirst<Role>(roster: Roster<Role>, ids: IdBook) {
  /** @returns null if nothing was given yet */
  async function knownPerson(grantId: string): Promise<Person | null> {
    for (const [thing, id] of await ids.of(grantId))
      if (thing.startsWith(PERSON)) return { id, account: thing.slice(PERSON.length) };
    return null;
  }

  return {
    knownPerson,
    personOf: async (grantId: string, accountNow: () => string): Promise<Person> => {
      const known = await knownPerson(grantId);
      if (known) return known;
      const account = accountNow();
      const id = await roster.personId(account);
      await ids.keep(grantId, `${PERSON}${account}`, id);
      return { id, account };
    },
    placeOf: async (grantId: string, name: string): Promise<string> => {
      const known = (await ids.of(grantId)).get(`${PLACE}${name}`);
      if (known !== undefined) return known;
      const id = await roster.placeId(name);
      await ids.keep(grantId, `${PLACE}${name}`, id);
      return id;
    },
  };
}
