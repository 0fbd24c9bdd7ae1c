import type { Residue } from '../../../src/domain/grant.ts';
import type { Difference } from './catalogue.ts';

/**
 * What MariaDB cannot avoid that a holder leaves behind, as docs/targets/mysql.md says. Everything else that differs after the
 * end is a survivor.
 */
interface Rule {
  readonly kind: string;
  /** Whether what it says now is harmless. */
  readonly isHarmless: (says: string, names: Names) => boolean;
  /** The end has to have named it, in these words. null: the server does not record who made it. */
  readonly named: ((what: string) => string) | null;
}

export interface Names {
  /** Definers that are gone: the login and the role of the grant. */
  readonly definers: readonly string[];
  /** The role gave the right to hand on rights. */
  readonly mayHandOn: boolean;
}

const definerOf = (says: string): string => says.split(' ')[0] ?? '';
const isGone = (says: string, { definers }: Names): boolean => definers.includes(definerOf(says));

const RULES: readonly Rule[] = [
  {
    kind: 'view',
    isHarmless: (says, names) => isGone(says, names) || says.split(' ')[1] === 'INVOKER',
    named: (what) => `view ${what.split(' ').join('.')}`,
  },
  {
    kind: 'routine',
    isHarmless: (says, names) => isGone(says, names) && says.split(' ')[1] === 'INVOKER',
    named: (what) => {
      const [schema, name, type] = what.split(' ');
      return `${type} ${schema}.${name}`;
    },
  },
  { kind: 'table', isHarmless: () => true, named: null },
  {
    kind: 'prepared transaction',
    isHarmless: () => true,
    // Format, two lengths, and the name.
    named: (what) => `prepared transaction ${what.split(' ').slice(3).join(' ')} (${what.split(' ')[0]})`,
  },
  { kind: 'rights on a schema', isHarmless: (_, { mayHandOn }) => mayHandOn, named: null },
  { kind: 'rights on a table', isHarmless: (_, { mayHandOn }) => mayHandOn, named: null },
];

/** @returns what outlived the end and may not, in words; empty: nothing */
export function judge(found: readonly Difference[], left: readonly Residue[], names: Names): string[] {
  const told = new Set(left.map(({ what }) => what));
  return found.flatMap(({ what, before, after }): string[] => {
    const rule = RULES.find(({ kind }) => what.startsWith(`${kind} `));
    const said = `${what}: ${before ?? 'not there'} → ${after ?? 'not there'}`;
    if (!rule || before !== null || after === null || !rule.isHarmless(after, names)) return [said];
    const name = rule.named?.(what.slice(rule.kind.length + 1)) ?? null;
    return name === null || told.has(name) ? [] : [`${said}, and the end did not name it`];
  });
}
