import { type Chance, chanceFrom } from './chance.ts';

/** What can go wrong in a world. */
export type Fault =
  /** Calls fail now and then, or their answers are lost. */
  | 'flaky'
  /** Slack, PagerDuty or the targets do not answer for a while. */
  | 'outages'
  /** Nothing can be written for a while: nothing at all, or nothing that needs another page. */
  | 'full_disk'
  /** The machine's clock is set back. */
  | 'clock'
  /** The bot dies at whatever it waits for. */
  | 'kills'
  /** A target says that access is gone, and it is not. */
  | 'lies'
  /** Another program holds the database for a while. */
  | 'held';

/** How a world is: each seed draws its own, or all of them would have every fault at once and nobody would get anything done. */
export interface Temper {
  readonly faults: ReadonlySet<Fault>;
  /** How often somebody does what makes sense, from 0 to 1. The others try whatever there is to try. */
  readonly sense: number;
  /** How many calls end in one step, at most: in a brisk world people are not kept waiting for long. */
  readonly callsAtOnce: number;
  /** Targets end access themselves when the time is up that they were told. */
  readonly targetsExpire: boolean;
  /** Of a full disk: whether it takes no write at all. */
  readonly takesNoWrite: boolean;
  /** The bot's own client asks PagerDuty's REST API; otherwise what is so is told to the flow itself, which is faster. */
  readonly asksPagerDuty: boolean;
}

const FAULTS: readonly (readonly [likelihood: number, Fault])[] = [
  [0.5, 'flaky'],
  [0.35, 'outages'],
  [0.85, 'full_disk'],
  [0.2, 'clock'],
  [0.4, 'kills'],
  [0.25, 'lies'],
];

/** Keeps what is drawn for a seed apart from the rest of its life. */
const APART = 0x9e3779b9;

/** @param isWide whether PagerDuty is asked over the wire, and the database held, in a part of the worlds */
export function temperOf(chance: Chance, seed: number, isWide: boolean): Temper {
  const apart = chanceFrom(seed ^ APART);
  const asksPagerDuty = isWide && apart.happens(0.7);
  const isHeld = isWide && apart.happens(0.5);
  const isCalm = chance.happens(0.3);
  const drawn = FAULTS.filter(([likelihood]) => chance.happens(likelihood)).map(([, fault]) => fault);
  return {
    faults: new Set<Fault>(isCalm ? [] : [...drawn, ...(isHeld ? (['held'] as const) : [])]),
    sense: chance.pick([0.95, 0.9, 0.6]),
    callsAtOnce: chance.pick([1, 6, 20]),
    targetsExpire: chance.happens(0.3),
    takesNoWrite: chance.happens(0.7),
    asksPagerDuty,
  };
}
