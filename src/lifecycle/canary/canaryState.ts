import type { Canary } from '../../domain/canary.ts';
import type { Change, Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';

const KEY = 'bot';

/** null: there is none yet, or the policy has none any more. */
export type Load = Versioned<Canary | null>;

export const loadCanary = ({ store }: Pick<Deps, 'store'>): Promise<Load> => store.record('canary', KEY);

/** The next state, as part of a commit. */
export const saved = (value: Canary | null, { version }: Load): Change => ({
  records: [{ kind: 'canary', key: KEY, value, version }],
});
