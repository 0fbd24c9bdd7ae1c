import { type Instant, MINUTE, type Millis } from '../../../src/domain/terms.ts';
import { isActor, isBot } from './actors.ts';
import { approvalCheck } from './approval.ts';
import type { Authority } from './authority.ts';
import { type Around, asId, type Looks, leastDuration, type RequestFile, requestOf } from './book.ts';
import { BREAK_GLASS_MAX, ROLES } from './policy.ts';
import { EVIDENCE, humanOf, isMember, WRITTEN } from './world.ts';

/** What may become of a request, by whom, in which order. */
export const requestLooks = (around: Around, authority: Authority): Looks => ({
  ...submitting(around, authority),
  ...reviewing(around, authority),
  ...closing(around, authority),
});

function submitting(around: Around, authority: Authority): Looks {
  const { past, must, book } = around;
  const { requests, grants } = book;
  return {
    'request.submitted': (event) => {
      const { said, at } = event;
      const decision = said.decision as { effect: string };
      const request: RequestFile = {
        id: event.requestId ?? '',
        requester: asId(said, 'requester'),
        role: String(said.role),
        duration: Number(said.duration),
        extends: said.extends as string | null,
        incidentId: said.incidentId as string | null,
        startsAt: said.startsAt as Instant | null,
        submittedAt: at,
        state: 'open',
        yes: [],
        isEscalated: false,
        wanted: String(said.role),
        approvedBy: null,
      };
      must(!requests.has(request.id), () => `${request.id} is asked for twice`);
      requests.set(request.id, request);
      isActor(around, event, request.requester);
      const role = ROLES[request.role];
      must(role !== undefined, () => `${request.id} asks for ${request.role}, which there is not`);
      must(
        past.ever(at - EVIDENCE, at, (moment) => isMember(moment, request.requester)),
        () => `${request.id} is ${request.requester}'s, who is no member`,
      );
      must(decision.effect !== 'canary', () => `${request.id} of ${request.requester} is decided as the canary's`);
      const isEmergency = decision.effect === 'break_glass';
      const longest = Math.max(
        ...(['first', 'second'] as const)
          .filter((name) => past.ever(at - EVIDENCE, at, ({ policy }) => policy === name))
          .map((name) => role?.max(name) ?? 0),
      );
      const most = isEmergency
        ? BREAK_GLASS_MAX
        : request.extends === null
          ? longest
          : (role?.total ?? 0) - (leastDuration(book, request.extends, at - EVIDENCE) ?? 0);
      must(
        request.duration > 0 && request.duration <= most,
        () =>
          `${request.id} asks for ${request.duration / MINUTE} min of ${request.role}, and ${most / MINUTE} is the most`,
      );
      must(
        decision.effect !== 'allow' || authority.mayHaveAtOnce(request, at),
        () =>
          `${request.id}: the decision lets ${request.requester} have ${request.role} at once, and nothing in the world says so`,
      );
      const owed = authority.mustDecide(request, at);
      must(
        isEmergency || owed === null || decision.effect === owed,
        () =>
          `${request.id}: ${request.requester} asks for ${request.role}, which the world says is ${owed}, and it was decided: ${decision.effect}`,
      );
      if (request.extends !== null)
        must(
          grants.get(request.extends)?.person === request.requester &&
            grants.get(request.extends)?.role === request.role,
          () => `${request.id} makes longer what is not theirs`,
        );
    },
  };
}

function reviewing(around: Around, authority: Authority): Looks {
  const { must } = around;
  const { denials } = around.book;
  return {
    'review.recorded': (event) => {
      const request = requestOf(around, event);
      must(request.state === 'open', () => `${request.id} is ${request.state}, and ${event.actor} reviews it`);
      const yes = { by: event.actor ?? '', for: event.said.onBehalfOf as string | null, at: event.at };
      must(
        humanOf(yes.by) !== humanOf(request.requester) && humanOf(yes.for ?? '') !== humanOf(request.requester),
        () => `${request.id} is reviewed by its requester`,
      );
      must(
        [request.role, request.wanted].some((role) => authority.stagesAs(request, role, yes, event.at).size > 0),
        () => `${request.id} is reviewed by ${yes.by}${yes.for === null ? '' : ` for ${yes.for}`}, who may not`,
      );
      must(
        !request.yes.some(({ by }) => humanOf(by) === humanOf(yes.by)),
        () => `${request.id} is reviewed twice by ${yes.by}`,
      );
      if (event.said.verdict === 'approve') request.yes.push(yes);
      else denials.push({ human: humanOf(request.requester), role: request.role, at: event.at });
    },
    'request.changed': (event) => {
      const request = requestOf(around, event);
      const to = event.said.to as { role: string; duration: Millis };
      must(
        request.state === 'open' && request.extends === null,
        () => `${request.id} is ${request.state}, and is changed`,
      );
      must(
        to.role === request.role || (request.role === 'db/admin' && to.role === 'db/read'),
        () => `${request.id} is made ${to.role} out of ${request.role}`,
      );
      must(to.duration > 0 && to.duration <= request.duration, () => `${request.id} is made longer by a reviewer`);
      request.role = to.role;
      request.duration = to.duration;
    },
  };
}

function closing(around: Around, authority: Authority): Looks {
  const { must } = around;
  const checkApproval = approvalCheck(around, authority);
  return {
    'request.escalated': (event) => {
      isBot(around, event);
      requestOf(around, event).isEscalated = true;
    },
    'request.approved': (event) => {
      const request = requestOf(around, event);
      must(
        request.state === 'open' || request.state === 'scheduled',
        () => `${request.id} is ${request.state}, and is approved`,
      );
      const isBegun = request.state === 'scheduled';
      checkApproval(event, request);
      request.approvedBy = event.said.by as RequestFile['approvedBy'];
      request.state = event.said.startsAt !== null && !isBegun ? 'scheduled' : 'approved';
    },
    'request.denied': (event) => {
      const request = requestOf(around, event);
      must(
        request.state === 'open' || request.state === 'scheduled',
        () => `${request.id} is ${request.state}, and is denied`,
      );
      request.state = 'closed';
    },
    'request.cancelled': (event) => {
      const request = requestOf(around, event);
      must(
        request.state === 'open' || request.state === 'scheduled',
        () => `${request.id} is ${request.state}, and is cancelled`,
      );
      isActor(around, event, request.requester);
      request.state = 'closed';
    },
    'request.expired': (event) => {
      const request = requestOf(around, event);
      isBot(around, event);
      must(
        request.state === 'open' || request.state === 'scheduled',
        () => `${request.id} is ${request.state}, and expires`,
      );
      const until = request.startsAt === null ? request.submittedAt + 20 * MINUTE : request.startsAt;
      must(
        event.at >= Math.min(until, request.submittedAt + 20 * MINUTE) - WRITTEN,
        () => `${request.id} expires before its time`,
      );
      request.state = 'closed';
    },
  };
}
