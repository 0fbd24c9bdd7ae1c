/** Each refusal is told in its own words, with what it is about and what can be done. */

import { expect, test } from 'vitest';
import type { Refusal } from '../../src/domain/refusal.ts';
import { assertNever, HOUR, MINUTE } from '../../src/domain/terms.ts';
import type { Piece, Sentence } from '../../src/wording/pieces.ts';
import { refusalSentence } from '../../src/wording/refusals.ts';

const AT = Date.UTC(2026, 0, 15, 12);
const READ = 'payments-db/read';

/** What a reader of the terminal would see, and of Slack without its markup. */
const shown = (sentence: Sentence): string => sentence.map(shownPiece).join('');

function shownPiece(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
    case 'code':
      return piece.text;
    case 'strong':
      return shown(piece.pieces);
    case 'time':
      return new Date(piece.at).toISOString();
    case 'people':
      return piece.ids.map((id) => `@${id}`).join(', ');
    case 'here':
      return '@here';
    case 'mark':
      return `:${piece.name}:`;
    case 'break':
      return '\n';
    case 'points':
      return piece.points.map(shown).join('\n');
    default:
      return assertNever(piece);
  }
}

type Code = Refusal['code'];
type Rows<C extends Code> = {
  readonly [K in C]: readonly (readonly [Omit<Extract<Refusal, { code: K }>, 'code'>, RegExp])[];
};

const ROWS: Rows<Code> = {
  unknown_role: [
    [{ role: READ }, /no role payments-db\/read/],
    [{ role: '' }, /^Pick what you need/],
  ],
  too_many_roles: [[{ max: 5 }, /at most 5 roles/]],
  duration_too_long: [[{ max: 4 * HOUR, asked: 5 * HOUR }, /At most 4 h .* asked for 5 h/]],
  duration_not_positive: [[{}, /how long/]],
  total_too_long: [
    [{ total: 8 * HOUR, left: 30 * MINUTE }, /At most 30 min more.* 8 h in all/],
    [{ total: 8 * HOUR, left: 0 }, /8 h in all, and that is used up/],
    [{ total: 9 * HOUR, left: -1 }, /that is used up/],
  ],
  start_not_ahead: [[{}, /start is in the past/]],
  start_too_far: [[{ max: 7 * 24 * HOUR }, /At most 7 days ahead/]],
  reason_too_short: [[{ minLength: 20 }, /at least 20 characters/]],
  reason_too_long: [[{ maxLength: 500 }, /At most 500 characters/]],
  ticket_missing: [
    [{ pattern: '^INC-\\d+$', example: 'INC-1234' }, /^Include a ticket, e\.g\. INC-1234\.$/],
    [{ pattern: '^x$', example: null }, /Include a ticket that matches \^x\$\./],
  ],
  person_refused: [[{ problem: 'this account is deactivated' }, /this account is deactivated/]],
  no_account: [
    [{ role: READ, problem: 'nobody knows the name' }, /can’t get payments-db\/read yet: nobody knows the name/],
  ],
  already_holds: [[{ role: READ, until: AT }, /already active, until 2026-01-15T12:00:00.000Z.*\/jit extend/]],
  already_pending: [[{ role: READ, requestId: 'R1' }, /requested already.*\/jit cancel/]],
  unknown_request: [[{}, /request no longer exists/]],
  not_pending: [[{ state: 'denied' }, /this request was denied/]],
  not_narrower: [[{ role: READ }, /payments-db\/read does not give less/]],
  change_is_wider: [[{}, /never more/]],
  nothing_less: [[{}, /Nothing was changed.*use Approve/]],
  extension_as_asked: [[{}, /approved as asked, or not at all/]],
  own_request: [[{}, /cannot review your own request/]],
  not_a_reviewer: [[{}, /not a reviewer/]],
  eligibility_unknown: [[{ problem: 'Slack is down' }, /could not check whether you may do this: Slack is down/]],
  already_reviewed: [[{}, /You have already approved this/]],
  authority_used: [[{ by: 'U0BEN' }, /@U0BEN has already approved this/]],
  policy_now_denies: [
    [{ reasons: ['a freeze', 'nobody is on call'], outcomes: [] }, /policy now denies.*a freeze; nobody is on call/],
  ],
  comment_missing: [[{}, /Say why/]],
  unknown_grant: [[{}, /access no longer exists/]],
  not_active: [[{}, /no longer active/]],
  not_yours: [[{}, /Only its holder/]],
  not_overdue: [[{}, /not overdue/]],
  own_access: [[{}, /your own access/]],
  no_credential: [[{}, /no credentials/]],
  already_extending: [[{}, /being extended already/]],
  incident_over: [[{ until: AT }, /resolved. It ends 2026-01-15T12:00:00.000Z/]],
  frozen: [[{ by: 'Eve', reason: 'a breach' }, /Eve froze all access: “a breach”/]],
  draining: [[{ until: Date.UTC(2026, 0, 15, 3), why: 'a new disk' }, /Nothing new is granted until .*: a new disk/]],
  ledger_damaged: [[{ problem: 'event 3 was changed' }, /cannot be trusted: event 3 was changed/]],
  not_frozen: [[{}, /not frozen/]],
  nothing_to_look_at: [[{}, /Nothing waits for you to look/]],
  not_an_admin: [[{}, /Only administrators can do this/]],
  not_an_auditor: [[{}, /Only auditors and administrators/]],
  not_an_owner: [[{}, /Only the owners/]],
  own_entitlement: [[{}, /names you, so another owner/]],
  unknown_review: [[{}, /no such access review/]],
  review_closed: [[{}, /review is closed/]],
  review_open: [[{ id: 'AR1', dueAt: AT }, /AR1 is still open, until 2026-01-15T12:00:00.000Z/]],
  review_period: [[{ min: 24 * HOUR, max: 48 * HOUR }, /from 24 h to 48 h/]],
  no_break_glass: [[{ role: READ }, /cannot use break-glass for payments-db\/read/]],
  break_glass_unreviewed: [[{ requestId: 'R7', reviewer: 'U0EVE' }, /R7.*not reviewed in time.*@U0EVE has to review/]],
  nobody_to_review: [[{}, /Nobody could review this/]],
  already_looked_at: [[{}, /has already reviewed this/]],
  no_delegate: [[{ problem: 'they are a guest' }, /cannot stand in for you: they are a guest/]],
  nothing_delegated: [[{}, /Nobody stands in for you/]],
  second_factor_needed: [[{}, /needs a one-time code/]],
  second_factor_missing: [[{}, /not set up one-time codes yet.*\/jit second-factor/]],
  second_factor_wrong: [
    [{ left: 1 }, /not right. 1 more try before/],
    [{ left: 3 }, /not right. 3 more tries before/],
  ],
  second_factor_used: [[{}, /used already/]],
  second_factor_locked: [[{ until: AT }, /Too many wrong codes. Try again 2026-01-15T12:00:00.000Z/]],
  second_factor_unreadable: [[{}, /Ask an administrator to reset them/]],
  second_factor_enrolled: [[{}, /already set up one-time codes/]],
  own_second_factor: [[{}, /cannot reset your own one-time codes/]],
};

const ALL = Object.entries(ROWS).flatMap(([code, rows]) => rows.map(([fields, said]) => [code, fields, said] as const));

test.each(ALL)('%s %j', (code, fields, said) => {
  expect(textOf(code, fields)).toMatch(said);
});

test('no two refusals have the same text', () => {
  const texts = ALL.map(([code, fields]) => textOf(code, fields));
  expect(new Set(texts).size).toBe(texts.length);
});

/** Object.entries forgets which fields belong to which code. */
const textOf = (code: string, fields: object) =>
  shown(refusalSentence({ code, ...fields } as Refusal)).replaceAll('\u00a0', ' ');
