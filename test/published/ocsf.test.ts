/** A SIEM that checks what it is sent refuses an event with an attribute that its class does not have. */

import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { toOcsf } from '../../src/forwarding/ocsf.ts';
import { everyEvent } from '../support/everyEvent.ts';
import { OCSF_CLASSES } from './ocsf.ts';

const ajv = new Ajv({ allErrors: true, strict: false });
const classes = new Map([...OCSF_CLASSES].map(([uid, schema]) => [uid, ajv.compile(schema)]));

/** @returns the event as it is sent, and what its class does not allow of it */
function sent(event: LedgerEvent) {
  const said = JSON.parse(JSON.stringify(toOcsf(event, 'in plain words')));
  const isValid = classes.get(said.class_uid);
  if (!isValid) return { said, wrong: [`no class ${said.class_uid}`] };
  isValid(said);
  return {
    said,
    wrong: (isValid.errors ?? []).map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`),
  };
}
const first = (type: LedgerEvent['type']) => {
  const event = everyEvent().find((one) => one.type === type);
  if (!event) throw new Error(`no ${type}`);
  return event;
};

test.each(everyEvent().map((event) => [event.type, event.actor.kind, event] as const))(
  '%s by a %s is an event of the class that it names',
  (_type, _actor, event) => {
    expect(sent(event).wrong).toEqual([]);
  },
);

describe('what a SIEM searches by', () => {
  test('access that begins and ends names the person and the role', () => {
    for (const [type, activity] of [
      ['grant.activated', 'Assign Privileges'],
      ['grant.extended', 'Assign Privileges'],
      ['grant.ended', 'Revoke Privileges'],
    ] as const)
      expect(sent(first(type)).said).toMatchObject({
        class_uid: 3005,
        activity_name: activity,
        user: { name: 'Ana Kovač', uid: 'U0ANA' },
        resource: { name: 'payments-db', uid: 'payments-db/read' },
        privileges: ['payments-db/read'],
      });
  });

  test('a request names its person, its role and its reason inside the entity', () => {
    expect(sent(first('request.submitted')).said).toMatchObject({
      class_uid: 3004,
      entity: {
        uid: 'R1',
        type: 'request',
        user: { name: 'Ana Kovač', uid: 'U0ANA' },
        data: { privileges: ['payments-db/read'] },
      },
      comment: 'stuck payments',
    });
  });

  test('one-time codes are changes of an account', () => {
    expect(sent(first('second_factor.locked')).said).toMatchObject({ class_uid: 3001, activity_name: 'Lock' });
    expect(sent(first('second_factor.reset')).said).toMatchObject({ activity_name: 'MFA Factor Disable' });
  });

  test('the whole payload of every event is kept', () => {
    for (const event of everyEvent()) expect(toOcsf(event, 'said').unmapped.payload).toEqual(event.payload);
  });
});

test('an event that was changed in the database is still an event of a class', () => {
  const bent = { ...first('grant.activated'), payload: { role: 7 } } as unknown as LedgerEvent;
  expect(sent(bent)).toMatchObject({ wrong: [], said: { class_uid: 3004 } });
});
