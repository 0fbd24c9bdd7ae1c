import { HOUR, type Instant, MINUTE } from '../../../src/domain/terms.ts';
import { isActor } from './actors.ts';
import type { Authority } from './authority.ts';
import type { Around, RequestFile, Told } from './book.ts';
import { BREAK_GLASS_MAX, COOL_DOWN, MOST_AUTOMATIC, RELEASE } from './policy.ts';
import { EVIDENCE, humanOf, isIn, isMember } from './world.ts';

/** Whether what was approved could be: by the policy, by those who said yes, or with break-glass. */
export function approvalCheck(around: Around, authority: Authority): (event: Told, request: RequestFile) => void {
  const { past, must, book } = around;

  function checkApproval(event: Told, request: RequestFile): void {
    const { said, at } = event;
    if (said.by === 'break_glass') {
      isActor(around, event, request.requester);
      must(
        past.ever(
          at - EVIDENCE,
          at,
          (moment) => isMember(moment, request.requester) && isIn(moment, 'S0SRE', request.requester),
        ),
        () => `${request.id}: ${request.requester} broke the glass, and may not`,
      );
      must(
        request.role === 'db/admin' && request.duration <= BREAK_GLASS_MAX,
        () => `${request.id} breaks the glass for ${request.duration / MINUTE} min of ${request.role}`,
      );
      return;
    }
    must(
      !past.always(at - EVIDENCE, at, ({ isFrozen }) => isFrozen),
      () => `${request.id} is approved while all access is frozen`,
    );
    const begins = Math.max(at, request.startsAt ?? at);
    must(
      begins < RELEASE.from + EVIDENCE ||
        begins >= RELEASE.to ||
        past.ever(at - EVIDENCE, at, (moment) => isIn(moment, RELEASE.except, request.requester)),
      () => `${request.id} is approved during the release`,
    );
    if (said.by === 'policy') {
      must(
        authority.mayHaveAtOnce(request, at),
        () => `${request.id}: ${request.requester} gets ${request.role} at once, and nothing in the world says so`,
      );
      if (request.role !== 'db/admin') return;
      const human = humanOf(request.requester);
      const recent = book.automatic.filter(
        (one) => one.id !== request.id && one.human === human && one.role === request.role && at - one.at < 24 * HOUR,
      );
      must(
        recent.length < MOST_AUTOMATIC,
        () => `${request.id}: ${human} gets ${request.role} at once for the ${recent.length + 1}th time in a day`,
      );
      checkLimits(request, at);
      if (!book.automatic.some(({ id }) => id === request.id))
        book.automatic.push({ id: request.id, human, role: request.role, at });
      return;
    }
    must(
      authority.fills(request, at),
      () => `${request.id} is approved by ${JSON.stringify(request.yes)}, who may not decide it`,
    );
    if (request.role === 'db/admin') checkLimits(request, at);
  }

  /** One holder at a time, and no asking again soon after a no. */
  function checkLimits(request: RequestFile, now: Instant): void {
    const at = Math.max(now, request.startsAt ?? now);
    const human = humanOf(request.requester);
    const other = [...book.grants.values()].find(
      (one) => one.role === request.role && one.state !== 'over' && humanOf(one.person) !== human,
    );
    must(
      other === undefined || request.extends !== null,
      () => `${request.id}: ${request.role} is given to ${human} while ${other?.person} holds it (${other?.id})`,
    );
    const denied = book.denials.find(
      (one) =>
        one.human === human &&
        one.role === request.role &&
        at - one.at < COOL_DOWN - MINUTE &&
        one.at < request.submittedAt,
    );
    must(denied === undefined, () => `${request.id}: ${human} gets ${request.role} within half an hour of a no`);
  }

  return checkApproval;
}
