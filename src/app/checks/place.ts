import type { Finding } from '../../ports/targets.ts';

/** Something that the bot depends on, and how to check it. A check changes nothing. */
export interface Place {
  readonly name: string;
  /** Never throws: a failure is a finding. */
  readonly ask: () => Promise<readonly Finding[]>;
}

/** What to check, and what is not checked and why. */
export interface Checks {
  readonly places: readonly Place[];
  readonly notChecked: readonly string[];
}
