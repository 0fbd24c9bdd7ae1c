import { describe, expect, test } from 'vitest';
import { type EventType, isLoud, subjectOf } from '../../src/domain/events.ts';
import { nearestWord } from '../../src/domain/nearest.ts';
import { isRefused, type Refusal, refuse, refusedField } from '../../src/domain/refusal.ts';
import { everyEvent } from '../support/everyEvent.ts';

describe('the word that was meant', () => {
  const WORDS = ['request', 'review', 'report', 'end'];
  test.each([
    ['request', 'request'],
    ['requst', 'request'],
    ['reqeust', 'request'],
    ['revew', 'review'],
    ['ne', null],
    ['nd', null],
    ['edn', null],
    ['ent', 'end'],
    ['re', 'request'],
    ['rep', 'report'],
    ['e', null],
    ['en', 'end'],
    ['astrology', null],
    ['', null],
  ])('"%s": %s', (typed, meant) => {
    expect(nearestWord(typed, WORDS)).toBe(meant);
  });

  test('is none if there are no words', () => {
    expect(nearestWord('request', [])).toBeNull();
  });

  test('may differ in one letter of three, and no more', () => {
    expect(nearestWord('abcdef', ['abcdxy'])).toBe('abcdxy');
    expect(nearestWord('abcde', ['abcxy'])).toBeNull();
  });
});

describe('an event', () => {
  const events = everyEvent();
  const ofType = (type: EventType) => {
    const event = events.find((one) => one.type === type);
    if (!event) throw new Error(`no ${type}`);
    return event;
  };
  test('is about the requester or holder, and about nobody if it concerns all', () => {
    expect(subjectOf(ofType('grant.ended'))).toMatchObject({ slackId: 'U0ANA' });
    expect(subjectOf(ofType('request.denied'))).toMatchObject({ slackId: 'U0ANA' });
    expect(subjectOf(ofType('review.recorded'))).toMatchObject({ slackId: 'U0ANA' });
    expect(subjectOf(ofType('second_factor.locked'))).toMatchObject({ slackId: 'U0ANA' });
    for (const type of ['access.frozen', 'policy.loaded', 'drift.found', 'delegation.set'] as const)
      expect(subjectOf(ofType(type))).toBeNull();
  });

  test('is loud if somebody has to look at it now, and no other is', () => {
    expect([...new Set(events.map(({ type }) => type))].filter(isLoud).sort()).toEqual([
      'access.frozen',
      'alarm.raised',
      'break_glass.invoked',
      'break_glass.unreviewed',
      'canary.failed',
      'channel.forged',
      'drift.found',
      'forwarding.shortened',
      'grant.declared_gone',
      'grant.overdue',
      'grant.stranded',
      'ledger.damaged',
      'ledger.restored',
      'second_factor.locked',
    ]);
  });
});

describe('a refusal', () => {
  test.each<[string, Refusal[]]>([
    [
      'role',
      [
        { code: 'unknown_role', role: 'x' },
        { code: 'too_many_roles', max: 1 },
        { code: 'no_account', role: 'x', problem: 'x' },
        { code: 'already_holds', role: 'x', until: 1 },
        { code: 'already_pending', role: 'x', requestId: 'R1' },
      ],
    ],
    [
      'duration',
      [
        { code: 'duration_too_long', max: 1, asked: 2 },
        { code: 'duration_not_positive' },
        { code: 'total_too_long', total: 1, left: 0 },
      ],
    ],
    ['start', [{ code: 'start_not_ahead' }, { code: 'start_too_far', max: 1 }]],
    [
      'code',
      [
        { code: 'second_factor_needed' },
        { code: 'second_factor_missing' },
        { code: 'second_factor_wrong', left: 1 },
        { code: 'second_factor_used' },
        { code: 'second_factor_locked', until: 1 },
        { code: 'second_factor_unreadable' },
      ],
    ],
    [
      'reason',
      [
        { code: 'reason_too_short', minLength: 1 },
        { code: 'reason_too_long', maxLength: 1 },
        { code: 'ticket_missing', pattern: 'x', example: null },
      ],
    ],
  ])('belongs to its field in the form: %s', (field, refusals) => {
    expect(refusals.map(refusedField)).toEqual(refusals.map(() => field));
  });

  test('about no field belongs to none', () => {
    expect(refusedField({ code: 'frozen', by: 'Eve', reason: 'x' })).toBeNull();
    expect(refusedField({ code: 'own_request' })).toBeNull();
  });

  test('is told apart from a result', () => {
    expect(isRefused(refuse({ code: 'not_active' }))).toBe(true);
    expect(isRefused({ id: 'G1' })).toBe(false);
  });
});
