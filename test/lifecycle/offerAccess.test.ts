/** When somebody's shift ends, whoever comes after them is offered the same. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { known, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { offerToSuccessors } from '../../src/lifecycle/request/offerAccess.ts';
import { ANA, anActiveGrant, aPolicy, aResource, aRole, NO_TIES } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const SHIFT = {
  escalationPolicy: { id: 'PPAY', name: 'Payments' },
  schedule: null,
  level: 2,
  end: null,
  grace: 0,
  over: true,
};
const GRANT = anActiveGrant({ ties: { ...NO_TIES, shift: SHIFT } });
let flow: Flow;
let addresses: string[] | null;
const offers = (grant = GRANT) => {
  const deps: Deps = {
    ...flow.deps,
    onCall: {
      ...flow.deps.onCall,
      onCallFor: async (policy, level) =>
        addresses && policy === 'PPAY' && level === 2 ? known({ addresses, unread: null }) : unknown('no answer'),
    },
  };
  return offerToSuccessors(deps, grant);
};
beforeEach(() => {
  flow = startFlow(aPolicy(aResource('db', 'Database', [aRole()])));
  for (const name of ['ana', 'ben', 'eve'])
    flow.people.set(`U0${name}`, aPerson(`U0${name.toUpperCase()}`, name, `${name}@harbor.example`));
  addresses = ['ana@harbor.example', 'ben@harbor.example', 'eve@harbor.example'];
});
afterEach(() => flow.close());

test('everybody who is on call next is offered the access, except its holder', async () => {
  expect(await offers()).toEqual([
    {
      type: 'access.offered',
      actor: { kind: 'bot' },
      requestId: 'R1',
      grantId: 'G1',
      payload: {
        role: 'db/read',
        from: { slackId: 'U0ANA', name: 'Ana' },
        to: [
          { slackId: 'U0BEN', name: 'ben' },
          { slackId: 'U0EVE', name: 'eve' },
        ],
        escalationPolicy: 'Payments',
      },
    },
  ]);
});

test('another account of the holder is offered nothing', async () => {
  flow.policy = { ...flow.policy, samePerson: [['U0ANA', 'U0BEN']] };
  expect(await offers()).toMatchObject([{ payload: { to: [{ slackId: 'U0EVE' }] } }]);
});

test('nothing is offered if nobody else is on call', async () => {
  addresses = [ANA.email];
  expect(await offers()).toEqual([]);
  addresses = null;
  expect(await offers()).toEqual([]);
});

test('nothing is offered without a shift, or if the policy no longer has the role', async () => {
  expect(await offers(anActiveGrant())).toEqual([]);
  expect(await offers({ ...GRANT, role: 'db/gone' })).toEqual([]);
});
