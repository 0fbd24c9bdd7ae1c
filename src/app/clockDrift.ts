import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';

/** How far this machine's clock is from that of others, by the Date of their answers. */
export interface ClockDrift {
  /** @param date the header of an answer that has just arrived; null: it had none */
  heard(date: string | null): void;
  /** How far the others are ahead. null: nobody said anything in the last ten minutes. */
  drift(): Millis | null;
}

const REMEMBERED: Millis = 10 * MINUTE;
const MOST_REMEMBERED = 20;
/** A Date says the second alone. */
const HALF: Millis = SECOND / 2;

/**
 * Answers are late, never early, and one server may be wrong: of what was heard, that which is nearest counts.
 * @param now the clock of the machine, and not the bot's own, which never runs backwards
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
