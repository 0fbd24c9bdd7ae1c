import { MINUTE } from '../../../src/domain/terms.ts';
import { isBot } from './actors.ts';
import type { Authority } from './authority.ts';
import { type Around, asId, grantOf, type Looks, requestOf } from './book.ts';
import type { WhyCheck } from './ends.ts';

/** What may become of a grant, in which order, and how long it lasts. */
export const grantLooks = (around: Around, authority: Authority, checkWhy: WhyCheck): Looks => ({
  ...beginning(around, authority),
  ...changing(around, authority, checkWhy),
  ...ending(around, checkWhy),
});

function beginning(around: Around, authority: Authority): Looks {
  const { must } = around;
  const { grants } = around.book;
  return {
    'grant.provisioning': (event) => {
      const request = requestOf(around, event);
      const id = event.grantId ?? '';
      must(
        request.state === 'approved' || request.state === 'scheduled',
        () => `${id} is given without an approval of ${request.id}`,
      );
      must(!grants.has(id), () => `${id} is given twice`);
      must(
        event.said.role === request.role && asId(event.said, 'person') === request.requester,
        () =>
          `${id} gives ${event.said.role} to ${asId(event.said, 'person')}, and ${request.requester} asked for ${request.role}`,
      );
      must(Number(event.said.duration) <= request.duration, () => `${id} lasts longer than was approved`);
      must(request.startsAt === null || event.at >= request.startsAt, () => `${id} begins before its time`);
      grants.set(id, {
        id,
        request,
        person: request.requester,
        role: request.role,
        state: 'provisioning',
        endsAt: Number(event.said.endsAt),
        added: 0,
        lastExtension: null,
        restsOn: request.approvedBy,
        levels: authority.levelsOf(request, event.at),
        why: null,
      });
    },
    'grant.activated': (event) => {
      const grant = grantOf(around, event);
      must(grant.state === 'provisioning', () => `${grant.id} is ${grant.state}, and becomes active`);
      must(
        Number(event.said.endsAt) <= event.at + grant.request.duration,
        () => `${grant.id} is said to last longer than was approved`,
      );
      grant.state = 'active';
      grant.endsAt = Number(event.said.endsAt);
    },
    'credential.issued': (event) => {
      const grant = grantOf(around, event);
      must(
        asId(event.said, 'person') === grant.person,
        () => `${asId(event.said, 'person')} gets the password of ${grant.id}, which is ${grant.person}'s`,
      );
      must(grant.state === 'active', () => `${grant.id} is ${grant.state}, and its password is handed out`);
    },
  };
}

function changing(around: Around, authority: Authority, checkWhy: WhyCheck): Looks {
  const { must } = around;
  return {
    'grant.extended': (event) => {
      const grant = grantOf(around, event);
      const request = requestOf(around, event);
      const endsAt = Number(event.said.endsAt);
      must(
        grant.state === 'active' && request.state === 'approved' && request.extends === grant.id,
        () => `${grant.id} is made longer without an approval`,
      );
      must(
        endsAt > grant.endsAt && endsAt <= grant.endsAt + request.duration,
        () =>
          `${grant.id} is made longer by ${(endsAt - grant.endsAt) / MINUTE} min, and ${request.duration / MINUTE} were approved`,
      );
      grant.endsAt = endsAt;
      grant.added += request.duration;
      grant.lastExtension = { at: event.at, by: request.duration };
      grant.restsOn = request.approvedBy;
      grant.levels = [...grant.levels, ...authority.levelsOf(request, event.at)];
    },
    'grant.not_extended': (event) =>
      must(grantOf(around, event).state === 'active', () => `${event.grantId} is not active, and is not made longer`),
    'grant.shortened': (event) => {
      const grant = grantOf(around, event);
      isBot(around, event);
      const endsAt = Number(event.said.endsAt);
      must(
        grant.state === 'active' && endsAt <= grant.endsAt,
        () => `${grant.id} is made longer where it was to be made shorter`,
      );
      // That a shift is over is said also where the end stays what it was.
      if (endsAt < grant.endsAt) checkWhy(event, grant, endsAt);
      grant.endsAt = endsAt;
    },
  };
}

function ending(around: Around, checkWhy: WhyCheck): Looks {
  const { must, sawUnwritable } = around;
  return {
    'grant.revoking': (event) => {
      const grant = grantOf(around, event);
      must(
        grant.state === 'provisioning' || grant.state === 'active',
        () => `${grant.id} is ${grant.state}, and begins to end`,
      );
      checkWhy(event, grant);
      grant.state = 'revoking';
      grant.why = String(event.said.why);
    },
    'grant.overdue': (event) => {
      const grant = grantOf(around, event);
      must(grant.state === 'revoking' || sawUnwritable(), () => `${grant.id} is ${grant.state}, and is overdue`);
      grant.state = 'overdue';
    },
    'grant.ended': (event) => {
      const grant = grantOf(around, event);
      must(
        grant.state === 'revoking' || grant.state === 'overdue' || sawUnwritable(),
        () => `${grant.id} is ${grant.state}, and has ended`,
      );
      must(
        grant.why === null || grant.why === event.said.why,
        () => `${grant.id} was ending for ${grant.why}, and ended for ${event.said.why}`,
      );
      grant.state = 'over';
    },
    'grant.failed': (event) => {
      const grant = grantOf(around, event);
      must(grant.state !== 'active' && grant.state !== 'over', () => `${grant.id} is ${grant.state}, and has failed`);
      grant.state = 'over';
    },
  };
}
