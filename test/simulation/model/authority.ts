import type { Instant } from '../../../src/domain/terms.ts';
import type { Moment } from '../past.ts';
import { type Around, grantDuration, type RequestFile } from './book.ts';
import { RELEASE, ROLES } from './policy.ts';
import { accountsOf, ENGINEERS, EVIDENCE, humanOf, isAdmin, isAt, isIn, isMember } from './world.ts';

/** Who may have a role at once, who may decide, and whether those who said yes are enough. */
export interface Authority {
  mayHaveAtOnce(request: RequestFile, at: Instant): boolean;
  /** What the decision has to be, where the world leaves no doubt. null: it does. */
  mustDecide(request: RequestFile, at: Instant): 'allow' | 'ask' | null;
  stagesAs(request: RequestFile, roleKey: string, yes: RequestFile['yes'][number], now: Instant): Set<number>;
  fills(request: RequestFile, now: Instant): boolean;
  levelsOf(request: RequestFile, at: Instant): number[];
  /** Whether somebody may decide it, in their own name or in anybody's place. */
  mayDecide(request: RequestFile, who: string, at: Instant): boolean;
}

export function createAuthority({ past, book, troubledAt }: Around): Authority {
  /** Whether they get it at once, at some time of late, whatever the limits say. */
  function mayHaveAtOnce(request: RequestFile, at: Instant): boolean {
    const role = ROLES[request.role];
    if (!role) return false;
    const held = request.extends === null ? 0 : (grantDuration(book, request.extends) ?? 0);
    const asked = { duration: request.duration + held, incidentId: request.incidentId };
    return past.ever(at - EVIDENCE, at, (moment, when) => {
      const who = request.requester;
      if (!isMember(moment, who) || (role.engineersOnly && !isIn(moment, ENGINEERS, who))) return false;
      // What is asked for later is decided on what is planned for then.
      const then = Math.max(when, request.startsAt ?? when);
      return role.atOnce(moment, when, who, asked) || role.atOnce(moment, then, who, asked);
    });
  }

  /** Nothing has changed or failed of late, and no limit, window or other account of theirs comes into it. */
  function mustDecide(request: RequestFile, at: Instant): 'allow' | 'ask' | null {
    const role = ROLES[request.role];
    const { requester: who, duration, incidentId } = request;
    const begins = request.startsAt ?? at;
    const since = at - EVIDENCE;
    const isDoubtful =
      !role ||
      request.role === 'db/admin' ||
      request.extends !== null ||
      book.narrowed.has(request.role) ||
      accountsOf(who).length > 1 ||
      troubledAt() >= since ||
      (begins >= RELEASE.from - EVIDENCE && begins < RELEASE.to + EVIDENCE);
    if (isDoubtful) return null;
    const isSettled = (['first', 'second'] as const).some((name) =>
      past.always(
        since,
        at,
        (moment) =>
          moment.policy === name &&
          !moment.isFrozen &&
          isMember(moment, who) &&
          (!role.engineersOnly || isIn(moment, ENGINEERS, who)),
      ),
    );
    if (!isSettled) return null;
    const asked = { duration, incidentId };
    const isTrue = (moment: Moment, when: Instant) =>
      [when, when + 1, begins, begins + 1].every((then) => role.atOnce(moment, then, who, asked));
    if (past.always(since, at, isTrue)) return 'allow';
    return past.ever(since, at, (moment, when) => [when, begins].some((then) => role.atOnce(moment, then, who, asked)))
      ? null
      : 'ask';
  }

  /** The stages that somebody may decide in their own name, at some time of late. */
  function stagesOf(request: RequestFile, roleKey: string, who: string, since: Instant, at: Instant): Set<number> {
    const found = new Set<number>();
    past.ever(since, at, (moment, when) => {
      if (!isMember(moment, who)) return false;
      const stages = ROLES[roleKey]?.stages(moment.policy) ?? [];
      stages.forEach(({ of }, index) => {
        if (of.includes(who) || of.some((group) => isIn(moment, group, who))) found.add(index);
      });
      // Where nobody has decided, or reviewers are missing, others are asked: whoever is on call, or administrators.
      const isSecond = [...moment.shifts].some(
        ([level, shift]) => level === 2 && shift.slackId === who && when <= shift.until,
      );
      // Administrators were asked for what it was before a reviewer made it less.
      const asksAdmins = request.wanted !== 'db/read';
      const isAskedToo = (request.role === 'db/read' && isSecond) || (asksAdmins && isAdmin(moment, who));
      if (request.isEscalated && isAskedToo) for (const index of stages.keys()) found.add(index);
      return false;
    });
    return found;
  }

  /** In somebody's name, or in the place of somebody who is away. */
  function stagesAs(
    request: RequestFile,
    roleKey: string,
    { by, for: absent, at }: RequestFile['yes'][number],
    now: Instant,
  ): Set<number> {
    const since = at - EVIDENCE;
    if (absent === null) return stagesOf(request, roleKey, by, since, now);
    const mayStandIn = past.ever(since, now, (moment) => isMember(moment, by) && isIn(moment, ENGINEERS, by));
    const isNamed = (book.delegations.get(absent) ?? []).some(
      (one) => one.to === by && one.from <= at && at <= one.until + EVIDENCE,
    );
    const isThere = past.ever(since, now, (moment) => isMember(moment, absent));
    return mayStandIn && isNamed && isThere ? stagesOf(request, roleKey, absent, since, now) : new Set();
  }

  /** Whether these voices fill all the stages, each human once. */
  function fills(request: RequestFile, now: Instant): boolean {
    const policies = (['first', 'second'] as const).filter((name) =>
      past.ever(now - EVIDENCE, now, ({ policy }) => policy === name),
    );
    const tried = policies.flatMap((policy) => [request.role, request.wanted].map((role) => ({ policy, role })));
    return tried.some(({ policy, role }) => {
      const voices = request.yes.map((yes) => ({ yes, stages: stagesAs(request, role, yes, now) }));
      const places = (ROLES[role]?.stages(policy) ?? []).flatMap(({ needed }, stage) =>
        Array.from({ length: needed }, () => stage),
      );
      const seat = (left: readonly number[], free: readonly (typeof voices)[number][]): boolean => {
        const [stage, ...rest] = left;
        if (stage === undefined) return true;
        return free.some((voice) => {
          if (!voice.stages.has(stage)) return false;
          const used = [voice.yes.by, voice.yes.for ?? voice.yes.by].map(humanOf);
          return seat(
            rest,
            free.filter(
              ({ yes }) =>
                yes !== voice.yes && ![yes.by, yes.for ?? yes.by].map(humanOf).some((id) => used.includes(id)),
            ),
          );
        });
      };
      return seat(places, voices);
    });
  }

  /** Since somewhat before it was asked for. */
  const levelsOf = ({ requester, submittedAt }: RequestFile, at: Instant): number[] =>
    [1, 2].filter((level) =>
      past.ever(submittedAt - EVIDENCE, at, (moment, when) => isAt(moment, when, requester, level)),
    );

  const mayDecide = (request: RequestFile, who: string, at: Instant): boolean =>
    [null, ...book.delegations.keys()].some((absent) =>
      [request.role, request.wanted].some((role) => stagesAs(request, role, { by: who, for: absent, at }, at).size > 0),
    );

  return { mayHaveAtOnce, mustDecide, stagesAs, fills, levelsOf, mayDecide };
}
