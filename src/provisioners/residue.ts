import { z } from 'zod';
import type { Residue } from '../domain/grant.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import type { SeatRecord } from '../ports/targets.ts';
import { RESIDUE } from '../wording/targets/shared.ts';
import type { Use } from './provisioner.ts';
import type { Made, Roster } from './roster.ts';
import type { Seats } from './seats.ts';

const STOOD = 'stood in ';
const LEFT = 'left in ';
/** How long an end waits for this search, in ms. */
export const MOST_LOOKING: Millis = 10 * SECOND;
const known = z.array(z.string());
const residue = z.array(z.object({ what: z.string(), done: z.string() }));

/**
 * Finds what a holder left in a place, by comparing the things there at the end with those when access was given. It is
 * recorded before the seat is given up, so that neither a crash nor a failure of another seat loses it.
 */
export function residueOf<Role>(
  roster: Roster<Role>,
  seats: Seats,
  { ids, mostLooking }: Pick<Use, 'ids'> & { readonly mostLooking: Millis },
) {
  async function newIn({ place, level }: SeatRecord, before: string): Promise<Residue[]> {
    const stood = new Set(known.parse(JSON.parse(before)));
    const made = (await roster.made?.(place, level)) ?? [];
    const isKnown = await Promise.all(made.map((one) => wasKnown(place, one, stood)));
    return made.filter((_one, index) => !isKnown[index]).map(told);
  }
  const wasKnown = async (place: string, { id, person }: Made, stood: ReadonlySet<string>): Promise<boolean> =>
    (id !== null && stood.has(id)) || (person !== undefined && (await seats.isGranted(place, person)));

  return {
    noteBefore: async (grantId: string, place: string, level: string): Promise<void> => {
      const made = await roster.made?.(place, level);
      if (made) await ids.keep(grantId, `${STOOD}${place}`, JSON.stringify(made.flatMap(({ id }) => id ?? [])));
    },
    /** Neither a failed nor a slow search prevents access from ending. */
    noteAfter: async (record: SeatRecord): Promise<void> => {
      const stood = (await ids.of(record.grantId)).get(`${STOOD}${record.place}`);
      if (stood === undefined) return;
      const left = await inTime(newIn(record, stood), mostLooking).catch((error: unknown): Residue[] => [
        { what: RESIDUE.madeIn(record.place), done: RESIDUE.notLooked(errorText(error)) },
      ]);
      if (left.length > 0) await ids.keep(record.grantId, `${LEFT}${record.place}`, JSON.stringify(left));
    },
    /** Everything that a grant left, in all its places. */
    of: async (grantId: string): Promise<readonly Residue[]> =>
      [...(await ids.of(grantId))].flatMap(([thing, left]) =>
        thing.startsWith(LEFT) ? residue.parse(JSON.parse(left)) : [],
      ),
  };
}

const told = ({ id, what }: Made): Residue => ({
  what,
  done: id === null ? RESIDUE.unknown : RESIDUE.stillThere,
});

function inTime<T>(work: Promise<T>, most: Millis): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(RESIDUE.slow)), most);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
