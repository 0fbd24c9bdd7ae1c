import { describe, expect, test } from 'vitest';
import { inTerminal } from '../../src/cli/inTerminal.ts';
import type { EventType, LedgerEvent } from '../../src/domain/events.ts';
import { BOT, personActor } from '../../src/domain/person.ts';
import { type Story, storyOf } from '../../src/domain/story.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { storySentence } from '../../src/wording/stories.ts';
import { ANA, NOON } from '../support/domain.ts';

const NAMED = { slackId: 'U0ANA', name: 'Ana' };
const CHLOE = { slackId: 'U0CHLOE', name: 'Chloé' };
const ABOUT = { role: 'db/read', person: NAMED };

/** Events of one request, a minute apart, each as far as a story reads it. */
const told = (...events: readonly Said[]): Story | null =>
  storyOf(
    events.map(
      ([type, payload, actor = BOT], index) =>
        ({
          seq: 10 + index,
          at: NOON + index * MINUTE,
          ...{ type, actor, payload, requestId: 'R1', grantId: 'G1' },
        }) as unknown as LedgerEvent,
    ),
  );
type Said = readonly [EventType, object, LedgerEvent['actor']?];
const asked = (more: object = {}): Said => [
  'request.submitted',
  { role: 'db/read', requester: ANA, duration: HOUR, reason: 'stuck', incidentId: null, extends: null, ...more },
];
const approved = (by: string, approvers: object[] = []): Said => ['request.approved', { by, approvers }];
const active: Said = ['grant.activated', { ...ABOUT, endsAt: NOON + HOUR }];
const line = (story: Story | null) => (story ? inTerminal(storySentence(story, 'Database (read)')) : null);

describe('a request in one line', () => {
  test('waits for reviewers', () => {
    expect(line(told(asked()))).toBe(
      'Ana asked for Database (read) for 1 h, 2026-01-15 12:00 UTC · “stuck” · waiting · R1 #10',
    );
  });

  test('was automatic, is active, and is for an incident', () => {
    expect(line(told(asked({ incidentId: 'PINC1' }), approved('policy'), active))).toBe(
      'Ana has Database (read) since 2026-01-15 12:02 UTC, until 2026-01-15 13:00 UTC · “stuck” · incident PINC1 · automatic · R1 #10–#12',
    );
  });

  test('was approved by reviewers, and has ended', () => {
    const story = told(asked(), approved('reviewers', [CHLOE, { slackId: 'U0DEV', name: 'Dev' }]), active, [
      'grant.ended',
      { ...ABOUT, why: 'expired' },
    ]);
    expect(line(story)).toBe(
      'Ana had Database (read) from 2026-01-15 12:02 UTC to 2026-01-15 12:03 UTC · “stuck” · approved by Chloé and Dev · ended: its time was up · R1 #10–#13',
    );
  });

  test('was given less than it asked for', () => {
    const change: Said = ['request.changed', { to: { role: 'db/less', duration: MINUTE }, from: {} }];
    expect(told(asked(), change, approved('reviewers', [CHLOE]))).toMatchObject({ role: 'db/less', duration: MINUTE });
  });

  test.each([
    [['request.denied', { by: 'policy', reasons: [] }], 'denied by the policy'],
    [['request.denied', { by: 'reviewer', reasons: [] }, personActor({ ...ANA, ...CHLOE })], 'denied by Chloé'],
    [['request.cancelled', {}], 'cancelled'],
    [['request.expired', {}], 'expired before anybody decided'],
    [['request.approved', { by: 'break_glass', approvers: [] }], 'break-glass'],
  ] as const satisfies (readonly [Said, string])[])('with the outcome %j says how', (event, words) => {
    expect(line(told(asked(), event))).toContain(`· ${words} · R1 #10–#11`);
  });

  test('says until when it extended access', () => {
    const extended: Said = ['grant.extended', { ...ABOUT, endsAt: NOON + 2 * HOUR }];
    expect(told(asked(), approved('policy'), active, extended)?.access?.until).toBe(NOON + 2 * HOUR);
    const shortened: Said = ['grant.shortened', { ...ABOUT, endsAt: NOON + MINUTE, why: 'shift_ended' }];
    expect(told(asked(), approved('policy'), active, shortened)?.access?.until).toBe(NOON + MINUTE);
    expect(line(told(asked({ extends: 'G0' })))).toContain('asked for 1 h more of Database (read)');
  });

  test('says that access could not be given, or could not be ended', () => {
    const failed: Said = ['grant.failed', { ...ABOUT, problem: 'no' }];
    expect(line(told(asked(), approved('policy'), failed))).toContain(
      'Ana asked for Database (read) for 1 h, 2026-01-15 12:00 UTC · “stuck” · automatic · could not be set up',
    );
    const overdue: Said = ['grant.overdue', { ...ABOUT, failures: 6, problem: 'no' }];
    expect(line(told(asked(), approved('policy'), active, overdue))).toContain('· could not be ended yet ·');
    const gone: Said = ['grant.declared_gone', { ...ABOUT, why: 'expired', reason: 'looked' }];
    expect(line(told(asked(), approved('policy'), active, overdue, gone))).toContain(
      'an administrator says it is gone',
    );
    const over = { ended: 'gone', from: NOON + 2 * MINUTE, until: NOON + 4 * MINUTE, isOverdue: false };
    expect(told(asked(), approved('policy'), active, overdue, gone)?.access).toEqual(over);
  });

  test('has no line if its beginning is in an archive', () => {
    expect(told(approved('policy'), active)).toBeNull();
    expect(storyOf([])).toBeNull();
  });

  test('has a long reason cut', () => {
    expect(line(told(asked({ reason: 'x'.repeat(500) })))?.length).toBeLessThan(260);
  });
});
