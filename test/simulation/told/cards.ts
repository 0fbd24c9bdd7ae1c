/** The card in the approvals channel, with which a request is decided. */

import type { RequestFile, Told as ToldEvent } from '../model/book.ts';
import { channel, type Fates, type NewDue, unless } from './due.ts';
import type { Words } from './letters.ts';
import { END_WORDS, mention, namesRoleOf, offers, quotes } from './words.ts';

const APPROVALS = 'C0ACCESS';
const DECIDES = ['review_approve', 'review_deny'];
const REVIEWS_USE = ['use_justified', 'use_unjustified'];

/** How it stands in the end, as everybody may read it. */
function outcome(words: Words, request: RequestFile, { closed, denials, over, grantOf }: Fates): string | null {
  const { text } = words;
  const fate = closed.get(request.id);
  if (fate === 'denied') {
    const by = denials.get(request.id)?.by;
    return unless(
      text.includes(by ? `Denied by ${mention(by)}` : 'Denied by the policy'),
      'does not say who denied it',
    );
  }
  if (fate === 'cancelled') return unless(text.includes('Cancelled'), 'does not say that it was cancelled');
  if (fate === 'expired') return unless(text.includes('in time'), 'does not say that it is over');
  const end = over.get(grantOf(request.id)?.id ?? '');
  if (fate === undefined || end === undefined) return null;
  // Whoever decides for themselves after their stand-in did takes that one's place.
  const approvers = request.approvedBy === 'reviewers' ? request.yes.slice(-1).map(({ by }) => mention(by)) : [];
  if (!approvers.every((who) => text.includes(who))) return 'does not say who approved it';
  return end.isFailed
    ? unless(text.includes('could not be set up'), 'does not say that it could not be given')
    : unless(
        text.includes('Access ended') && text.includes(END_WORDS[end.why] ?? '-'),
        'does not say that access has ended, and why',
      );
}

/** Once, when other people first have something to do with a request. */
export function forReviewers(event: ToldEvent, request: RequestFile, fates: Fates): readonly NewDue[] {
  const isEmergency = event.type === 'break_glass.invoked';
  const isAsked = event.type === 'request.submitted' && (event.said.decision as { effect: string }).effect === 'ask';
  if ((!isAsked && !isEmergency) || fates.asked.has(request.id)) return [];
  fates.asked.add(request.id);
  const reason = fates.reasons.get(request.id) ?? '';
  return [
    {
      to: channel(APPROVALS),
      what: `the card of ${request.id}`,
      isShared: true,
      says: (words) =>
        words.text.includes(`\`${request.id}\``) &&
        namesRoleOf(words, request) &&
        words.text.includes(mention(request.requester)) &&
        quotes(words, reason) &&
        isDecidable(words, request, isEmergency),
      last: (words) => leftButtons(words, request, fates) ?? outcome(words, request, fates),
    },
  ];
}

/** While it can be decided it has the buttons for it, and nothing else ever has. */
function isDecidable(words: Words, request: RequestFile, isEmergency: boolean): boolean {
  const canDecide = DECIDES.every((action) => offers(words, action, request.id));
  if (isEmergency) return !canDecide;
  return request.state !== 'open' || canDecide || words.text.includes(':');
}

function leftButtons({ buttons, text }: Words, request: RequestFile, fates: Fates): string | null {
  const { verdicts, over, grantOf } = fates;
  const grant = grantOf(request.id)?.id ?? '';
  const isUnreviewed = request.approvedBy === 'break_glass' && !verdicts.has(request.id);
  const isOver = over.has(grant) || request.approvedBy === null;
  const left = buttons.filter(
    ({ action, value }) =>
      (value === request.id || value === grant) &&
      !(isUnreviewed && REVIEWS_USE.includes(action)) &&
      !(action === 'grant_end' && !isOver),
  );
  return left.length === 0 ? null : `still has the button ${left[0]?.action}: “${text.slice(0, 120)}”`;
}
