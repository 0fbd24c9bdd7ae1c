/** An event as a SIEM gets it: what it is called there, whom it is about, and how loud it is. */

import { describe, expect, test } from 'vitest';
import type { EventType, LedgerEvent } from '../../src/domain/events.ts';
import { toOcsf } from '../../src/forwarding/ocsf.ts';
import { everyEvent } from '../support/everyEvent.ts';

const eventOf = (type: EventType, more: Partial<LedgerEvent> = {}): LedgerEvent => {
  const found = everyEvent().find((event) => event.type === type);
  if (!found) throw new Error(`no ${type}`);
  return { ...found, ...more } as LedgerEvent;
};
const said = (event: LedgerEvent) => JSON.parse(JSON.stringify(toOcsf(event, 'in plain words')));
const ANA = { name: 'Ana Kovač', uid: 'U0ANA' };

test('has when it happened, its number and hash, who did it, and all of its payload', () => {
  const event = eventOf('request.submitted');
  expect(said(event)).toMatchObject({
    metadata: {
      version: '1.3.0',
      product: { name: 'jitbot', vendor_name: 'jitbot' },
      profiles: ['host'],
      uid: event.hash,
      sequence: event.seq,
      event_code: 'request.submitted',
    },
    time: event.at,
    category_uid: 3,
    message: 'in plain words',
    actor: { user: { name: 'Ben Okafor', uid: 'U0BEN' } },
    unmapped: {
      request: 'R1',
      grant: 'G1',
      prev_hash: event.prevHash,
      payload: JSON.parse(JSON.stringify(event.payload)),
    },
  });
  expect(said(eventOf('bot.started', { actor: { kind: 'bot' } })).actor).toEqual({ app_name: 'jitbot' });
});

test.each<[EventType, number, number, string]>([
  ['grant.activated', 3005, 1, 'User Access Management: Assign Privileges'],
  ['grant.extended', 3005, 1, 'User Access Management: Assign Privileges'],
  ['grant.ended', 3005, 2, 'User Access Management: Revoke Privileges'],
  ['grant.declared_gone', 3005, 2, 'User Access Management: Revoke Privileges'],
  ['second_factor.enrolled', 3001, 10, 'Account Change: MFA Factor Enable'],
  ['second_factor.reset', 3001, 11, 'Account Change: MFA Factor Disable'],
  ['second_factor.locked', 3001, 9, 'Account Change: Lock'],
  ['request.submitted', 3004, 1, 'Entity Management: Create'],
  ['break_glass.invoked', 3004, 1, 'Entity Management: Create'],
  ['delegation.set', 3004, 1, 'Entity Management: Create'],
  ['delegation.ended', 3004, 4, 'Entity Management: Delete'],
  ['names.erased', 3004, 4, 'Entity Management: Delete'],
  ['access.frozen', 3004, 12, 'Entity Management: Suspend'],
  ['access.unfrozen', 3004, 13, 'Entity Management: Resume'],
  ['bot.started', 3004, 10, 'Entity Management: Activate'],
  ['bot.stopped', 3004, 11, 'Entity Management: Deactivate'],
  ['request.approved', 3004, 3, 'Entity Management: Update'],
])('%s is of class %i, activity %i: %s', (type, cls, activity, name) => {
  expect(said(eventOf(type))).toMatchObject({
    class_uid: cls,
    activity_id: activity,
    type_uid: cls * 100 + activity,
    type_name: name,
    class_name: name.split(': ')[0],
    activity_name: name.split(': ')[1],
  });
});

test('what a watcher should look at is high, and nothing else is', () => {
  expect(said(eventOf('break_glass.invoked'))).toMatchObject({ severity_id: 4, severity: 'High' });
  expect(said(eventOf('grant.ended'))).toMatchObject({ severity_id: 1, severity: 'Informational' });
});

describe('what it is about', () => {
  const RESOURCE = {
    resource: { name: 'payments-db', uid: 'payments-db/read', type: 'role' },
    privileges: ['payments-db/read'],
  };

  test('access: the person and what they may do, and no entity', () => {
    expect(said(eventOf('grant.activated'))).toMatchObject({ user: ANA, ...RESOURCE });
    expect(said(eventOf('grant.activated'))).not.toHaveProperty('entity');
  });

  test('codes: the person alone', () => {
    const locked = said(eventOf('second_factor.locked'));
    expect(locked.user).toEqual(ANA);
    expect(locked).not.toHaveProperty('resource');
    expect(locked).not.toHaveProperty('entity');
  });

  test('the rest: the request or grant, with person and role where there are any', () => {
    expect(said(eventOf('request.denied')).entity).toEqual({
      ...{ name: 'R1', uid: 'R1', type: 'request', type_id: 99, user: ANA, data: RESOURCE },
    });
    expect(said(eventOf('grant.revoking', { requestId: null })).entity).toMatchObject({
      name: 'G1',
      uid: 'G1',
      type: 'grant',
    });
    expect(said(eventOf('access.frozen', { requestId: null, grantId: null })).entity).toEqual({
      ...{ name: 'access.frozen', type: 'access', type_id: 99 },
    });
    expect(said(eventOf('policy.loaded')).entity).toEqual({
      ...{ name: 'policy', type: 'Policy', type_id: 5, policy: { name: 'policy', uid: 'abc' } },
    });
  });

  test('what somebody typed is its comment, and there is none otherwise', () => {
    expect(said(eventOf('review.recorded')).comment).toBe('go on');
    expect(said(eventOf('break_glass.invoked')).comment).toBe('nobody is awake');
    expect(said(eventOf('request.denied'))).not.toHaveProperty('comment');
    const { payload } = eventOf('review.recorded');
    const silent = { payload: { ...payload, comment: '' } } as Partial<LedgerEvent>;
    expect(said(eventOf('review.recorded', silent))).not.toHaveProperty('comment');
  });

  test('one that was bent and lacks what its class requires is an entity', () => {
    const bent = (type: EventType, payload: object) => said(eventOf(type, { payload } as Partial<LedgerEvent>));
    const person = { slackId: 'U0ANA', name: 'Ana' };
    expect(bent('grant.activated', { role: 'db/read' })).toMatchObject({ class_uid: 3004, activity_id: 3 });
    expect(bent('grant.activated', { person })).toMatchObject({ class_uid: 3004, entity: { user: { uid: 'U0ANA' } } });
    expect(bent('grant.activated', { person, role: 7 })).toMatchObject({ class_uid: 3004 });
    expect(bent('grant.activated', { person, role: 7 }).entity).not.toHaveProperty('data');
    expect(bent('second_factor.reset', {})).toMatchObject({ class_uid: 3004 });
  });
});
