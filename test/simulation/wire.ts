import type { Chance } from './chance.ts';

/** How a call that was sent ends. */
export type Ending =
  | 'answered'
  /** Fails, and nothing has happened there. */
  | 'failed'
  /** It has happened there, and the answer is lost. */
  | 'lost'
  /** Answered as if it had happened, and it has not. Only where a call says what such an answer is. */
  | 'lied';

export type Service = 'slack' | 'pagerduty' | 'target';

interface Operation {
  readonly service: Service;
  readonly name: string;
  /** So many others may end before it: some calls are slow. */
  patience: number;
  readonly canLie: boolean;
  readonly end: (ending: Ending) => void;
  /** What happens there, where nobody hears of it any more. */
  readonly effect: () => void;
}

/** Calls on their way to the outside, which the scheduler ends one by one, in any order. */
export interface Wire {
  readonly size: number;
  /**
   * @param error what the caller gets where it fails or the answer is lost
   * @param lie the answer of one that only says that it did it
   */
  call<T>(
    service: Service,
    name: string,
    effect: () => T,
    error: (ending: 'failed' | 'lost') => Error,
    lie?: () => T,
  ): Promise<T>;
  /** Ends one of the calls. @returns what was done */
  endOne(endingFor: (service: Service, canLie: boolean) => Ending): string | null;
  /** The caller is dead: each call has reached the other side, or not. */
  cut(): void;
}

export function createWire(chance: Chance): Wire {
  let pending: Operation[] = [];
  return {
    get size() {
      return pending.length;
    },
    call: (service, name, effect, error, lie) =>
      new Promise((resolve, reject) => {
        pending.push({
          service,
          name,
          patience: chance.happens(0.15) ? chance.int(25) : 0,
          canLie: lie !== undefined,
          effect: () => void effect(),
          end: (ending) => {
            if (ending === 'failed') return reject(error(ending));
            if (ending === 'lied' && lie) return resolve(lie());
            try {
              const result = effect();
              if (ending === 'lost') reject(error(ending));
              else resolve(result);
            } catch (thrown) {
              // The other side's own no.
              reject(thrown);
            }
          },
        });
      }),
    endOne: (endingFor) => {
      if (pending.length === 0) return null;
      const ready = pending.filter(({ patience }) => patience <= 0);
      const operation = chance.pick(ready.length > 0 ? ready : pending);
      pending = pending.filter((other) => other !== operation);
      for (const other of pending) other.patience -= 1;
      const ending = endingFor(operation.service, operation.canLie);
      operation.end(ending);
      return `${operation.service} ${operation.name} ${ending}`;
    },
    cut: () => {
      for (const operation of pending) {
        if (!chance.happens(0.5)) continue;
        try {
          operation.effect();
        } catch {
          // The other side said no, and nobody is there to hear it.
        }
      }
      pending = [];
    },
  };
}
