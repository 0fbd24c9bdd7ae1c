/** Names, places and rights change at a target while a grant lives. What then looks like "not found" must not end it. */

import { describe, expect, test } from 'vitest';
import type { Access } from '../../src/provisioners/provisioner.ts';
import type { Harness } from './contract.ts';

/** One way in which it happens there. Done around the provisioner, with an administrator's rights. */
export interface Way {
  /** Stands in the failure: `the slug of the team`. */
  readonly how: string;
  /** Makes the change after access was given. */
  readonly act: () => Promise<Changed> | Changed;
}

export interface Changed {
  /** Puts back what was changed. Access must not come or go by it. */
  undo(): Promise<void> | void;
  /**
   * What everybody and everything else holds now, such as whoever took the old name: equal before and after the revoke. Two
   * of everything: there must be somebody (for a container: something in which the same person sits as well).
   */
  others(): Promise<unknown> | unknown;
}

/** The ways at this target, or in plain words why it cannot happen there. */
export type Ways = readonly [Way, ...Way[]] | string;

export interface Changes {
  /** The person is called something else there, and somebody else, who has access of their own, takes the old name. */
  readonly renamePerson: Ways;
  /** What the role names (team, group, schema) is called something else, and another one, with the person in it, takes its name. */
  readonly renameContainer: Ways;
  /** What the role names goes to another owner, host or place, with everybody who has access to it. */
  readonly moveTarget: Ways;
  /** The bot's credential no longer sees, or may no longer change, what it gave; `undo` gives the right back. */
  readonly blind: Ways;
}

/** Kinds whose tests do not have these cases yet. It shrinks to nothing. */
export const WITHOUT_CHANGES: readonly string[] = [];

const WHY_MIN = 20;

type Told = { readonly ended: true } | { readonly ended: false; readonly because: string };

/** What the flow takes for an end: the revoke succeeds, and reading back finds nothing. */
async function end({ connection }: Harness, access: Access<unknown>): Promise<Told> {
  try {
    await connection.revoke(access);
    return (await connection.isActive(access)) ? { ended: false, because: 'still active' } : { ended: true };
  } catch (error) {
    return { ended: false, because: error instanceof Error ? error.message : String(error) };
  }
}

/** @param access a grant of its own each time */
export function describeChanges(
  name: string,
  harness: () => Harness,
  fresh: () => { access: Access<unknown>; until: number },
): void {
  const kind = name.split(',')[0] ?? name;

  /** Gives access, makes each change, and lets the test look at it. */
  async function each(what: keyof Changes, look: (at: At) => Promise<void>): Promise<void> {
    const { changes } = harness();
    if (!changes) return expect(WITHOUT_CHANGES).toContain(kind);
    expect(WITHOUT_CHANGES).not.toContain(kind);
    const ways = changes[what];
    if (typeof ways === 'string') return expect(ways.length).toBeGreaterThan(WHY_MIN);
    expect(ways).not.toEqual([]);
    for (const { how, act } of ways) {
      const { access, until } = fresh();
      await harness().connection.grant(access, until);
      expect(await harness().reallyHas(access.grantId), `${how}: it was given`).toBe(true);
      const changed = await act();
      try {
        await look({ how, access, changed, before: await changed.others() });
      } finally {
        await changed.undo();
      }
      await settle(how, access);
    }
  }

  /** Everything is as it was: now at the latest it ends. */
  async function settle(how: string, access: Access<unknown>): Promise<void> {
    expect(await end(harness(), access), `${how}, undone: it ends`).toEqual({ ended: true });
    expect(await harness().reallyHas(access.grantId), `${how}, undone: it is gone`).toBe(false);
  }

  /** It is never told to be gone while it is there, and nobody else is touched. */
  async function isTrue({ how, access, changed, before }: At): Promise<Told> {
    const told = await end(harness(), access);
    const has = await harness().reallyHas(access.grantId);
    if (told.ended) expect(has, `${how}: it is said to have ended`).toBe(false);
    expect(await changed.others(), `${how}: what others have`).toEqual(before);
    return told;
  }

  describe(`${name}: "not found" is not "gone"`, () => {
    test('a renamed person loses their grant, and the old name’s new owner nothing', () =>
      each('renamePerson', async (at) => {
        expect(await harness().connection.isActive(at.access), `${at.how}: still active`).toBe(true);
        expect(await isTrue(at), at.how).toEqual({ ended: true });
      }));

    test('access to a renamed container ends, and its namesake is left alone', () =>
      each('renameContainer', async (at) => {
        expect(await harness().connection.isActive(at.access), `${at.how}: still active`).toBe(true);
        expect(await isTrue(at), at.how).toEqual({ ended: true });
      }));

    test('access to a target that moved ends, or the end fails for people to see', () =>
      each('moveTarget', async (at) => {
        await isTrue(at);
      }));

    test('a credential without its right fails the end, and never reports it gone', () =>
      each('blind', async (at) => {
        const told = await isTrue(at);
        // Where it may still take away what it can no longer see, it may do so, and then has to say that it does not know.
        expect(told.ended, `${at.how}: nobody can say that it is gone`).toBe(false);
        // Asked by itself, as drift does: no answer is not "no".
        if (await harness().reallyHas(at.access.grantId))
          expect(
            await harness()
              .connection.isActive(at.access)
              .catch(() => 'not known'),
            at.how,
          ).not.toBe(false);
      }));
  });
}

interface At {
  readonly how: string;
  readonly access: Access<unknown>;
  readonly changed: Changed;
  readonly before: unknown;
}
