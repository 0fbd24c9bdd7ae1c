import { HOUR, type Instant, MINUTE, type Millis } from '../../../src/domain/terms.ts';
import type { Moment } from '../past.ts';
import type { Around, GrantFile, Told } from './book.ts';
import { ROLES } from './policy.ts';
import { accountsOf, EVIDENCE, isAdmin, isAt, isIn, isMember, isOnCall, SEEN } from './world.ts';

/** When something last went wrong: a service, or the database as well. */
export interface Calm {
  readonly services: Instant;
  readonly any: Instant;
}

/** @param endsAt when it is to end, where that is not now */
export type WhyCheck = (event: Told, grant: GrantFile, endsAt?: Instant) => void;

/** Whether why something ends is so in the world. */
export function whyCheck({ past, must, sawUnwritable }: Around): WhyCheck {
  /** Why it ends has to be so in the world. */
  function checkWhy(event: Told, grant: GrantFile, endsAt = event.at): void {
    const { at } = event;
    const why = String(event.said.why);
    const since = (from: Instant, test: (moment: Moment, at: Instant) => boolean) =>
      past.ever(from - EVIDENCE, at, test);
    const lately = (ago: Millis, test: (moment: Moment, at: Instant) => boolean) => past.ever(at - ago, at, test);
    const who = event.actor ?? '';
    const reviews = (moment: Moment) =>
      (ROLES[grant.role]?.stages(moment.policy) ?? []).some(
        ({ of }) => of.includes(who) || of.some((group) => isIn(moment, group, who)),
      );
    const reasons: Readonly<Record<string, () => boolean>> = {
      expired: () => at >= grant.endsAt,
      revoked: () =>
        accountsOf(grant.person).includes(who) ||
        lately(SEEN, (moment) => isAdmin(moment, who) || (isMember(moment, who) && reviews(moment))),
      // What could not be recorded is recorded later, whoever is back by then.
      person_left: () => lately(sawUnwritable() ? SEEN : EVIDENCE, (moment) => !isMember(moment, grant.person)),
      frozen: () => lately(HOUR, ({ isFrozen }) => isFrozen),
      // Once it was over it stays over, whatever came after.
      shift_ended: () =>
        grant.endsAt <= at ||
        grant.levels.some((level) =>
          since(
            grant.request.submittedAt,
            (moment, when) =>
              !isAt(moment, when + 1, grant.person, level) || (moment.shifts.get(level)?.until ?? Infinity) <= endsAt,
          ),
        ),
      incident_resolved: () => since(grant.request.submittedAt, ({ incidentIsOpen }) => !incidentIsOpen),
      provision_failed: () => true,
    };
    must(
      reasons[why]?.() ?? false,
      () => `${grant.id} of ${grant.person} ends for ${why} by ${who || 'the bot'}, and nothing in the world says so`,
    );
  }

  return checkWhy;
}

/**
 * That every reason for an end is followed by one.
 * @returns what must have come true by `now`
 */
export function overdueCheck(
  { past, must, book, isHeld }: Around,
  grace: Millis,
): (now: Instant, calmSince: Calm) => void {
  const { grants, requests } = book;
  /** When the world was last seen not to let a grant go on. */
  const lostSince = new Map<string, Instant>();

  /** Since when the world has not let a grant go on; null: it does. */
  function isLost(grant: GrantFile, now: Instant): boolean {
    const { request, person, role } = grant;
    const look = (test: (moment: Moment, at: Instant) => boolean) => past.ever(now, now, test);
    if (!look((moment) => isMember(moment, person))) return true;
    if (request.incidentId === 'PINC4711' && role.startsWith('db/') && !look(({ incidentIsOpen }) => incidentIsOpen))
      return true;
    const restsOnShift = role === 'db/read' && grant.restsOn === 'policy';
    return restsOnShift && !look((moment, at) => isOnCall(moment, at, person, 2));
  }

  function overdue(now: Instant, calmSince: Calm): void {
    for (const grant of grants.values()) {
      if (grant.state !== 'active' || !isLost(grant, now)) {
        lostSince.delete(grant.id);
        continue;
      }
      const since = lostSince.get(grant.id) ?? now;
      lostSince.set(grant.id, since);
      // The longest grace, the round of the sweep, and what it takes.
      const until = (from: Instant) => Math.max(since, from) + 15 * MINUTE + 10 * MINUTE + grace;
      // Where nothing can be written, it ends at its target all the same.
      must(
        now <= until(calmSince.any) && (now <= until(calmSince.services) || !isHeld(grant.id)),
        () =>
          `${grant.id} of ${grant.person} goes on ${Math.round((now - since) / MINUTE)} min after what it was given for was over`,
      );
    }
    for (const request of requests.values()) {
      if (request.state !== 'open') continue;
      const expires = request.submittedAt + (ROLES[request.role]?.expires ?? 0);
      must(
        now <= Math.max(expires + 40 * MINUTE, calmSince.any + HOUR),
        () => `${request.id} waits ${Math.round((now - expires) / MINUTE)} min longer than it may`,
      );
    }
  }

  return overdue;
}
