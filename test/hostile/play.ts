import { type Chance, chanceFrom } from '../simulation/chance.ts';

/** Something that a holder can do with what they were given, to stay, to block or to leave something behind. */
export interface Move<Arena> {
  readonly name: string;
  /** What the target refuses is no failure of the suite. */
  act(arena: Arena, chance: Chance): Promise<unknown>;
}

/** A few moves in an order that the seed decides. @returns their names, with what the target said against them */
export async function play<Arena>(
  moves: readonly Move<Arena>[],
  arena: Arena,
  { seed, most }: { seed: number; most: number },
): Promise<string[]> {
  const chance = chanceFrom(seed);
  const played: string[] = [];
  for (let left = 3 + chance.int(most - 2); left > 0; left -= 1) {
    const move = chance.pick(moves);
    const refusal = await move.act(arena, chance).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    played.push(refusal === null ? move.name : `${move.name} (${refusal})`);
  }
  return played;
}

/** How many combinations a run tries, and from which seed on: `HOSTILE_ROUNDS=200 HOSTILE_SEED=1000`. */
export function seeds(usual: number): number[] {
  const number = (name: string, otherwise: number): number => {
    const given = Number(process.env[name] ?? otherwise);
    if (!Number.isSafeInteger(given) || given < 0) throw new Error(`${name} is no whole number`);
    return given;
  };
  const first = number('HOSTILE_SEED', 1);
  return Array.from({ length: number('HOSTILE_ROUNDS', usual) }, (_, index) => first + index);
}
