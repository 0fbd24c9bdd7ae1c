/** What whoever asked has to be told, of what became of it. */

import type { EventType } from '../../../src/domain/events.ts';
import { type Instant, MINUTE, type Millis, SECOND } from '../../../src/domain/terms.ts';
import type { RequestFile, Told as ToldEvent } from '../model/book.ts';
import { ROLES } from '../model/policy.ts';
import { WRITTEN } from '../model/world.ts';
import { type Fates, type NewDue, noButtons, person, unless } from './due.ts';
import type { Words } from './letters.ts';
import { END_WORDS, mentions, namesRoleOf, offers, quotes, says, saysLocally } from './words.ts';

/** Where each of them lives. */
const ZONES: Readonly<Record<string, string>> = {
  U0ANA: 'Europe/Zagreb',
  U0BEN: 'Europe/London',
  U0CHLOE: 'Europe/Paris',
  U0DEV: 'America/New_York',
  U0EVE: 'Europe/Stockholm',
};
export const zoneOf = (who: string): string => ZONES[who] ?? 'UTC';

/** When it may have been asked for, to the second: it was written down at the latest soon after. */
const whenAsked = (at: Instant): readonly Instant[] =>
  Array.from({ length: WRITTEN / SECOND + 1 }, (_, late) => at - late * SECOND);

/** Why they got it: by whom, or by what. */
export function saysWhy(words: Words, request: RequestFile): boolean {
  if (request.approvedBy === 'break_glass') return /break-glass/i.test(words.text);
  if (request.approvedBy === 'policy')
    return words.text.includes('automatically') && !/Approved by <@/.test(words.text);
  // Whoever decides for themselves after their stand-in did takes that one's place.
  const last = request.yes.at(-1);
  return last !== undefined && mentions(words, last.by);
}

/** Everybody who has to decide is named, as some policy in force of late has it. */
const namesReviewers = ({ text }: Words, { role, wanted }: RequestFile): boolean =>
  (['first', 'second'] as const).some((policy) =>
    [role, wanted].some((key) =>
      (ROLES[key]?.stages(policy) ?? []).every(({ of }) => of.every((id) => text.includes(id))),
    ),
  );

const endOf = (event: ToldEvent): Instant => Number(event.said.endsAt);

type Dues = (event: ToldEvent, request: RequestFile, fates: Fates) => readonly Omit<NewDue, 'to'>[];

const overIs = (words: Words, request: RequestFile): string | null =>
  noButtons(words) ??
  unless(namesRoleOf(words, request) && /has ended/.test(words.text), 'does not say that it is over');

const isPastOf = ({ text }: Words, passed: unknown): boolean =>
  passed !== undefined && text.startsWith('Your access to');

const DUES: Partial<Record<EventType, Dues>> = {
  'request.submitted': ({ said, at }, request, { closed, passed }) =>
    (said.decision as { effect: string }).effect !== 'ask'
      ? []
      : [
          {
            what: 'that their request waits, for whom and until when',
            says: (words) =>
              namesRoleOf(words, request) &&
              words.text.includes('waiting for') &&
              namesReviewers(words, request) &&
              whenAsked(at).some((asked) =>
                saysLocally(words, asked + (ROLES[request.wanted]?.expires ?? 0), zoneOf(request.requester)),
              ) &&
              offers(words, 'request_cancel', request.id),
            passed: () => passed.get(`${request.id} open`),
            becomes: ({ text }) => request.state !== 'open' && text.startsWith('Your request for'),
            last: (words) =>
              noButtons(words) ??
              unless(words.text.includes(closed.get(request.id) ?? '-'), 'does not say what came of it'),
          },
        ],
  'request.denied': (_event, request, { denials }) => {
    const denial = denials.get(request.id);
    return [
      {
        what: 'that it was denied, by whom and why',
        says: (words) =>
          namesRoleOf(words, request) &&
          words.text.includes('denied') &&
          (denial?.by ? mentions(words, denial.by) && quotes(words, denial.comment) : words.text.length > 60),
      },
    ];
  },
  'request.approved': ({ said }, request, { closed, passed }) =>
    request.state !== 'scheduled'
      ? []
      : [
          {
            what: 'that it is approved for later, and when it begins',
            says: (words) =>
              namesRoleOf(words, request) &&
              words.text.includes(' starts ') &&
              saysLocally(words, Number(said.startsAt), zoneOf(request.requester)) &&
              saysWhy(words, request),
            passed: () => passed.get(`${request.id} scheduled`),
            becomes: ({ text }) => request.state !== 'scheduled' && text.startsWith('Your request for'),
            last: (words) =>
              noButtons(words) ??
              unless(words.text.includes(closed.get(request.id) ?? '-'), 'does not say what came of it'),
          },
        ],
  'request.expired': (_event, request) => [
    {
      what: 'that nothing came of it in time',
      says: (words) => namesRoleOf(words, request) && words.text.includes('in time'),
    },
  ],
  'grant.activated': ({ grantId }, request, { over, ends, passed }) => [
    {
      what: 'that they have it, until when and why',
      says: (words) => {
        const until = (ends.get(grantId ?? '') ?? []).some((end) => saysLocally(words, end, zoneOf(request.requester)));
        return (
          namesRoleOf(words, request) &&
          words.text.includes('You have') &&
          until &&
          saysWhy(words, request) &&
          offers(words, 'grant_end', grantId ?? '')
        );
      },
      passed: () => passed.get(`${grantId} active`),
      becomes: (words) => isPastOf(words, passed.get(`${grantId} active`)),
      last: (words) => (over.has(grantId ?? '') ? overIs(words, request) : null),
    },
  ],
  'grant.extended': (event, request, { passed }) => [
    {
      passed: () => passed.get(`${event.grantId} active`),
      what: 'that they keep it, until when and why',
      says: (words) =>
        namesRoleOf(words, request) &&
        words.text.includes('You keep') &&
        saysLocally(words, endOf(event), zoneOf(request.requester)) &&
        saysWhy(words, request),
    },
  ],
  'grant.not_extended': (event, request) => [
    {
      what: 'that they cannot keep it longer, and when it ends',
      says: (words) =>
        namesRoleOf(words, request) && words.text.includes('could not be extended') && says(words, endOf(event)),
    },
  ],
  'grant.ended': (event, request, { over }) => {
    const by = over.get(event.grantId ?? '')?.by ?? null;
    return [
      {
        what: 'that it has ended, and why',
        says: (words) =>
          namesRoleOf(words, request) &&
          words.text.includes('has ended') &&
          words.text.includes(END_WORDS[String(event.said.why)] ?? '-') &&
          (event.said.why !== 'revoked' || by === null || mentions(words, by)),
      },
    ];
  },
  'grant.failed': (_event, request) => [
    {
      what: 'that it could not be given',
      says: (words) => namesRoleOf(words, request) && words.text.includes('could not be set up'),
    },
  ],
  'grant.overdue': ({ grantId }, request, { passed }) => [
    {
      passed: () => passed.get(`${grantId} overdue`),
      what: 'that it could not be taken back yet',
      says: (words) => namesRoleOf(words, request) && words.text.includes('could not end your access'),
    },
  ],
  'grant.shortened': (event, request, { over, ends, passed }) => [
    {
      what: 'that it ends sooner, when and why',
      says: (words) =>
        namesRoleOf(words, request) &&
        (ends.get(event.grantId ?? '') ?? []).some((end) => says(words, end)) &&
        [END_WORDS.shift_ended, END_WORDS.incident_resolved, END_WORDS.expired].some((why) =>
          words.text.includes(why ?? '-'),
        ),
      passed: () => passed.get(`${event.grantId} active`),
      becomes: (words) => isPastOf(words, passed.get(`${event.grantId} active`)),
      last: (words) => (over.has(event.grantId ?? '') ? overIs(words, request) : null),
    },
  ],
};

/** What is told once for a grant, and brought up to date by another event of the kind. */
const ONCE_A_GRANT: ReadonlySet<EventType> = new Set(['grant.shortened', 'grant.overdue']);
export const isOnceAGrant = (type: EventType): boolean => ONCE_A_GRANT.has(type);

export const forRequester = (event: ToldEvent, request: RequestFile, fates: Fates): readonly NewDue[] =>
  (DUES[event.type]?.(event, request, fates) ?? []).map((due) => ({ ...due, to: person(request.requester) }));

/** How long what was true when it was sent may be under way. */
export const UNDER_WAY: Millis = 2 * MINUTE;

/**
 * Before the end of what is active somebody is reminded of it: of an end that it has had, and not after it.
 * @returns the grant, and the end; null if it reminds of nothing that there is
 */
export function isReminder(
  words: Words,
  who: string,
  { book, over, ends }: Fates,
  now: Instant,
): { readonly grantId: string; readonly end: Instant } | null {
  for (const { id, person: holder, request } of book.grants.values()) {
    const end = (ends.get(id) ?? []).findLast((one) => saysLocally(words, one, zoneOf(who)));
    const isLate = now > (over.get(id)?.at ?? now) + UNDER_WAY;
    if (end === undefined || isLate || holder !== who || !namesRoleOf(words, request)) continue;
    if (/ ends /.test(words.text) && offers(words, 'grant_end', id)) return { grantId: id, end };
  }
  return null;
}
