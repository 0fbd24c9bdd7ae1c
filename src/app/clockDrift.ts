import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';

/** Measures how far this machine's clock differs from those of others, by the Date header of their answers. */
export interface ClockDrift {
  /** @param date the Date header of an answer that has just arrived, or null if it had none */
  heard(date: string | null): void;
  /** How far the other clocks are ahead, in ms. @returns null if there was no answer in the last ten minutes */
  drift(): Millis | null;
}

const REMEMBERED: Millis = 10 * MINUTE;
const MOST_REMEMBERED = 20;
/** The Date header has a resolution of one second. */
const HALF: Millis = SECOND / 2;

/**
 * Takes the smallest difference: answers arrive late, never early, and one server may be wrong.
 * @param now the clock of the machine, and not the bot's own clock, which never runs backwards
 */
export function createClockDrift(now: () => Instant = Date.now): ClockDrift {
  let heard: { readonly at: Instant; readonly drift: Millis }[] = [];
  return {
    heard: (date) => {
      const said = Date.parse(date ?? '');
      if (Number.isNaN(said)) return;
      heard = [...heard.slice(1 - MOST_REMEMBERED), { at: now(), drift: said + HALF - now() }];
    },
    drift: () => {
      const recent = heard.filter(({ at }) => Math.abs(now() - at) <= REMEMBERED);
      return recent.reduce<Millis | null>(
        (nearest, { drift }) => (nearest === null || Math.abs(drift) < Math.abs(nearest) ? drift : nearest),
        null,
      );
    },
  };
}
