import { type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import type { IdBook } from '../ports/targets.ts';
import { TARGETS } from '../wording/targets/shared.ts';

const SENT = 'sent without an answer';

/** The target was asked, and nothing came back that says whether it did what it was asked. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

/**
 * A request that nobody answered may still be held up somewhere, and give access after a revoke. Until it is too old to be
 * carried out, nothing that the target says counts as an end. It is written down, so that a restart forgets none.
 * @param lastsFor how long after it was sent a request may still be carried out
 */
export function underWayBook(ids: IdBook, { now, lastsFor }: { now: () => Instant; lastsFor: Millis }) {
  const sentAt = async (grantId: string): Promise<Instant> => Number((await ids.of(grantId)).get(SENT) ?? 0);
  return {
    /** Carries a request that gives access. @throws what it threw */
    during: async <T>(grantId: string, send: () => Promise<T>): Promise<T> => {
      const before = await sentAt(grantId);
      await ids.keep(grantId, SENT, String(now()));
      const answered = () => ids.keep(grantId, SENT, String(before));
      try {
        const answer = await send();
        await answered();
        return answer;
      } catch (error) {
        if (!(error instanceof Unanswered)) await answered();
        throw error;
      }
    },
    /** @throws while a request may still be carried out */
    checkOver: async (grantId: string, name: string): Promise<void> => {
      const left = (await sentAt(grantId)) + lastsFor - now();
      if (left > 0) throw new Error(TARGETS.underWay(name, counted(Math.ceil(left / SECOND), 'second')));
    },
  };
}
