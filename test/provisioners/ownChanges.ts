import type { OwnSeat } from '../support/accessService.ts';
import type { Changed, Changes } from './changes.ts';
import { BEN } from './contract.ts';

/** A team's own service or program, which gives what it makes ids of its own. */
interface Own {
  /** What it holds, by its own ids. */
  held(): Map<string, OwnSeat>;
  /** After `held` was changed. */
  keep(held: Map<string, OwnSeat>): void;
  /** What answers in its stead where it is another place. */
  readonly elsewhere: readonly string[];
  /** What it answers where the bot may no longer see or change anything. */
  readonly blind: readonly string[];
  /** null: it answers itself. */
  answer(text: string | null): void;
}

export function changesOfOwn({ held, keep, elsewhere, blind, answer }: Own): Changes {
  const edit = (change: (all: Map<string, OwnSeat>) => void) => {
    const all = held();
    change(all);
    keep(all);
  };
  /** Two other seats; one is what everybody would take for the grant's who goes by names. */
  const beside = (namesake: Partial<OwnSeat>, undo: () => void): Changed => {
    const ids = ['seat-eve', 'seat-new'];
    edit((all) => {
      all.set('seat-eve', { grantId: 'GEVE', person: 'eve@harbor.example', madeFor: 'GEVE' });
      all.set('seat-new', { grantId: 'GNEW', person: BEN.email, madeFor: 'GNEW', ...namesake });
    });
    return {
      undo: () => {
        undo();
        edit((all) => ids.forEach((id) => void all.delete(id)));
      },
      others: () => ids.map((id) => held().get(id)),
    };
  };
  const mine = (): OwnSeat[] => [...held().values()].filter(({ madeFor }) => !['GEVE', 'GNEW'].includes(madeFor));
  const change = (how: string, now: Partial<OwnSeat>) => ({
    how,
    act: () => {
      const namesake = now.grantId === undefined ? {} : { grantId: mine()[0]?.madeFor ?? '' };
      edit((all) => {
        for (const seat of all.values()) Object.assign(seat, now);
      });
      return beside(namesake, () =>
        edit((all) => {
          for (const seat of all.values()) Object.assign(seat, { person: BEN.email, grantId: seat.madeFor });
        }),
      );
    },
  });
  const answering = (text: string) => ({
    how: `answering ${text}`,
    act: () => {
      answer(text);
      return beside({}, () => answer(null));
    },
  });
  const ways = <T>(all: readonly T[]): [T, ...T[]] => {
    const [first, ...others] = all;
    if (first === undefined) throw new Error('there is no way');
    return [first, ...others];
  };
  return {
    renamePerson: [change('the person is called something else there', { person: 'ben.adeyemi@harbor.example' })],
    renameContainer: [
      change('what was given stands under another name, and another under its own', { grantId: 'GRENAMED' }),
    ],
    moveTarget: ways(elsewhere.map(answering)),
    blind: ways(blind.map(answering)),
  };
}
