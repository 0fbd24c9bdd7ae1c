import { MINUTE, type Millis } from '../domain/terms.ts';

/** Minimum time between two equal log lines, in ms. */
const EVERY: Millis = MINUTE;
const KINDS_REMEMBERED = 100;

/**
 * Logs the same message at most once a minute, with how often it happened meanwhile, so that nobody on the network can
 * fill the disk with log lines.
 * @param now for tests
 */
export function sparingly(
  say: (facts: object, message: string) => void,
  now: () => number = () => performance.now(),
): (kind: string, facts: object, message: string) => void {
  const told = new Map<string, { at: number; unsaid: number }>();
  return (kind, facts, message) => {
    const earlier = told.get(kind);
    if (earlier && now() - earlier.at < EVERY) {
      earlier.unsaid += 1;
      return;
    }
    if (told.size >= KINDS_REMEMBERED) told.clear();
    told.set(kind, { at: now(), unsaid: 0 });
    say(earlier && earlier.unsaid > 0 ? { ...facts, andSince: earlier.unsaid } : facts, message);
  };
}
