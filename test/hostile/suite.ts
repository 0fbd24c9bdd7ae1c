/**
 * The hostile-holder suite for targets that are reached over the wire. While a grant is live, its holder plays generated
 * combinations of everything that the target offers to stay, to block or to leave something behind. Then the end comes, and
 * a judge with an administrator's eyes compares the target's whole catalogue with the one from before the grant.
 */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Residue } from '../../src/domain/grant.ts';
import { type Facts, judge, type Unavoidable } from './judge.ts';
import { type Move, play, seeds } from './play.ts';

/** What one grant of one holder is tried on. Made anew for each seed, with others' standing access beside it. */
export interface Arena {
  grant(): Promise<unknown>;
  /** Asks the provisioner to take the access back, once. */
  revoke(): Promise<readonly Residue[]>;
  /** The provisioner's own reading of the target. */
  isActive(): Promise<boolean>;
  /** The target's whole catalogue, read around the provisioner: who may do what, who owns what, what runs as whom. */
  facts(): Facts | Promise<Facts>;
  /** What the holder can still do with what was given, tried as the holder. Empty once the access is gone. */
  uses(): readonly string[] | Promise<readonly string[]>;
  close(): unknown;
}

export interface HostileTarget<A extends Arena> {
  readonly kind: string;
  /** How many combinations a usual run tries; `HOSTILE_ROUNDS` and `HOSTILE_SEED` override it. */
  readonly rounds: number;
  begin(seed: number): Promise<A>;
  /** What a holder can do with exactly the rights that were given. */
  readonly moves: readonly Move<A>[];
  /** What this target cannot avoid: docs/targets says the same. */
  readonly unavoidable: readonly Unavoidable[];
  /** Whether what the end reported to people (`Residue`) names this fact. */
  isNamed(fact: string, left: readonly Residue[]): boolean;
  /** Reasons for which an end may fail for as long as the holder's change stands. It is then overdue, and people are told. */
  readonly mayBeOverdue?: readonly Unavoidable[];
  /** Undoes by hand what made the end fail, as an operator would who read the reason. Asked for with `mayBeOverdue`. */
  mend?(arena: A): Promise<unknown>;
  /** Planted after the end, one of each kind of the catalogue: the judge must find every one. */
  readonly survivors: readonly { readonly what: string; plant(arena: A): unknown }[];
}

export function describeHostileHolder<A extends Arena>(target: HostileTarget<A>): void {
  const { kind, unavoidable, moves } = target;

  async function begin(seed: number): Promise<{ arena: A; before: Facts }> {
    const arena = await target.begin(seed);
    onTestFinished(async () => {
      await arena.close();
    });
    const before = await arena.facts();
    await arena.grant();
    expect(await arena.uses(), 'the holder can use what was given').not.toEqual([]);
    return { arena, before };
  }

  /** @returns what was named to people, over all tries: a failed try may have done part of the work */
  async function end(arena: A): Promise<{ left: Residue[]; failure: string | null }> {
    const left: Residue[] = [];
    let failure: string | null = null;
    for (let tries = 0; tries < 3; tries += 1)
      try {
        left.push(...(await arena.revoke()));
        if (!(await arena.isActive())) return { left, failure: null };
        failure = 'the target says that the access is still there';
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
      }
    return { left, failure };
  }

  /** Ends the access, mended by hand where it may be overdue, and says what is against the promise. */
  async function judged(arena: A, before: Facts, context: string) {
    const first = await end(arena);
    if (first.failure !== null) {
      const { failure } = first;
      const isAllowed = (target.mayBeOverdue ?? []).some(({ fact }) => fact.test(failure));
      expect(isAllowed, `${failure}\n${context}`).toBe(true);
      await target.mend?.(arena);
    }
    const last = first.failure === null ? first : await end(arena);
    const named = [...first.left, ...last.left];
    const { survivors, missing } = judge(before, await arena.facts(), unavoidable);
    const untold = (facts: readonly string[]) => facts.filter((fact) => !target.isNamed(fact, named));
    return {
      failure: last.failure,
      uses: await arena.uses(),
      survivors: untold(survivors),
      missing: untold(missing),
    };
  }
  const nothing = { failure: null, uses: [], survivors: [], missing: [] };

  describe(`a hostile holder of ${kind}`, () => {
    test.each(seeds(target.rounds))('leaves no unrecorded access: seed %i', async (seed) => {
      const { arena, before } = await begin(seed);
      const context = `seed ${seed}:\n${(await play(moves, arena, { seed, most: 10 })).join('\n')}`;
      expect(await judged(arena, before, context), context).toEqual(nothing);
    });

    test.each([...moves])('$name: this move alone leaves no unrecorded access', async (move) => {
      const { arena, before } = await begin(0);
      await play([move], arena, { seed: 1, most: 3 });
      expect(await judged(arena, before, move.name)).toEqual(nothing);
    });

    test.each([...target.survivors])('the judge finds a planted survivor: $what', async ({ plant }) => {
      const { arena, before } = await begin(0);
      expect((await end(arena)).failure).toBeNull();
      expect(judge(before, await arena.facts(), unavoidable)).toEqual({ survivors: [], missing: [] });
      await plant(arena);
      expect(judge(before, await arena.facts(), unavoidable)).not.toEqual({ survivors: [], missing: [] });
    });

    test('the judge finds access that was never ended', async () => {
      const { arena, before } = await begin(0);
      expect(judge(before, await arena.facts(), unavoidable).survivors).not.toEqual([]);
    });
  });
}
