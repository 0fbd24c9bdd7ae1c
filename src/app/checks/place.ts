import type { Finding } from '../../ports/targets.ts';

/** Something that the bot depends on, and how it is looked at. Nothing is changed. */
export interface Place {
  readonly name: string;
  /** Never throws: what goes wrong is a finding. */
  readonly ask: () => Promise<readonly Finding[]>;
}

/** What is there to look at, and what is not looked at, with why. */
export interface Checks {
  readonly places: readonly Place[];
  readonly notChecked: readonly string[];
}
