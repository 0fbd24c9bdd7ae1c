import { HOUR } from '../../../src/domain/terms.ts';
import { wasAdmin } from './actors.ts';
import { type Around, asId, type Looks, requestOf } from './book.ts';
import { LONGEST_ABSENCE } from './policy.ts';
import { ENGINEERS, EVIDENCE, humanOf, isIn, isMember, SEEN } from './world.ts';

/** What administrators and those who are away may do. */
export function peopleLooks(around: Around): Looks {
  const { past, must } = around;
  const { delegations } = around.book;
  return {
    'break_glass.reviewed': (event) => {
      const request = requestOf(around, event);
      wasAdmin(around, event, EVIDENCE);
      must(
        request.approvedBy === 'break_glass',
        () => `${request.id} is no use of break-glass, and is reviewed as one`,
      );
      must(
        humanOf(event.actor ?? '') !== humanOf(request.requester),
        () => `${request.id}: ${event.actor} says of their own use that it was right`,
      );
    },
    'delegation.set': (event) => {
      const [from, to, until] = [asId(event.said, 'from'), asId(event.said, 'to'), Number(event.said.until)];
      must(event.actor === from, () => `${event.actor} names a stand-in for ${from}`);
      must(humanOf(from) !== humanOf(to), () => `${from} stands in for themselves`);
      must(
        past.ever(event.at - EVIDENCE, event.at, (moment) => isMember(moment, to) && isIn(moment, ENGINEERS, to)),
        () => `${to} may not stand in for anybody`,
      );
      must(
        until <= event.at + LONGEST_ABSENCE && until > event.at - EVIDENCE,
        () => `${from} names a stand-in for ${(until - event.at) / HOUR} h`,
      );
      const earlier = (delegations.get(from) ?? []).map((one) => ({ ...one, until: Math.min(one.until, event.at) }));
      delegations.set(from, [...earlier, { to, until, from: event.at }]);
    },
    'delegation.ended': (event) => {
      const from = asId(event.said, 'from');
      must(event.actor === from, () => `${event.actor} ends the absence of ${from}`);
      delegations.set(
        from,
        (delegations.get(from) ?? []).map((one) => ({ ...one, until: Math.min(one.until, event.at) })),
      );
    },
    'access.frozen': (event) => wasAdmin(around, event, SEEN),
    'access.unfrozen': (event) => wasAdmin(around, event, EVIDENCE),
    'access_review.started': (event) => wasAdmin(around, event, EVIDENCE),
    'access_review.answered': (event) => {
      wasAdmin(around, event, EVIDENCE);
      if (event.said.verdict === 'remove') around.book.narrowed.add(String(event.said.role));
    },
  };
}
