/** What is refused after it was approved is refused with a reason, for the person and for the ledger. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Role } from '../../src/domain/policy.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { denialSentence } from '../../src/wording/decisions.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const EVERYBODY = { effect: 'allow', when: [] } as const;
let flow: Flow;
const use = (more: Partial<Role> = {}) => {
  flow.policy = {
    ...aPolicy(aResource('db', 'Database', [aRole({ rules: [EVERYBODY], ...more })])),
    admins: ['U0EVE'],
  };
};
beforeEach(() => {
  flow = startFlow(aPolicy());
  use();
  flow.people.set('U0ANA', aPerson('U0ANA', 'Ana', 'ana@harbor.example'));
  flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
});
afterEach(() => flow.close());

const ask = async (startsAt: number | null): Promise<Request> => {
  const { requests } = await submitRequest(flow.deps, {
    submissionKey: 'S1',
    personId: 'U0ANA',
    roles: ['db/read'],
    duration: HOUR,
    reason: 'the queue is stuck',
    incidentId: null,
    startsAt,
    factor: null,
  });
  if (!requests[0]) throw new Error('nothing was asked for');
  return requests[0];
};
const untilLater = () => ({
  freezes: [{ from: 0, to: flow.clock.now() + 24 * HOUR, reason: 'end of the quarter', except: [] }],
});

/** What comes to stand in the way, and what has to be read about it. */
const OBSTACLES: readonly (readonly [string, RegExp, () => unknown])[] = [
  ['a freeze in the policy', /frozen until .*: end of the quarter/, () => use(untilLater())],
  [
    'a limit on holders',
    /0 other people have it already, and 0 is the most/,
    () => use({ limits: [{ resources: null, automatic: null, holders: 0, coolDown: null }] }),
  ],
  ['an outside engine', /no engine/, () => use({ opa: { kind: 'wasm', file: 'x', entrypoint: null } })],
  [
    'a freeze by an administrator',
    /all access is frozen by Eve: a token has leaked/,
    () => freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' }),
  ],
];

describe.each(OBSTACLES)('%s', (_name, why, comes) => {
  test('at a scheduled start, the person and the ledger have the reason', async () => {
    const request = await ask(flow.clock.now() + HOUR);
    expect(request.state).toBe('scheduled');
    await comes();
    flow.clock.advance(HOUR + MINUTE);
    await startRequest(flow.deps, request.id);
    const denied = (await flow.deps.store.request(request.id))?.value;
    if (denied?.state !== 'denied') throw new Error(`it is ${denied?.state}`);
    expect(drawn(denialSentence(denied.decision))).toMatch(new RegExp(why.source, 'i'));
    const event = flow.events().find(({ type }) => type === 'request.denied');
    expect(JSON.stringify(event?.payload)).toMatch(new RegExp(why.source, 'i'));
  });

  test('right before granting, the person and the ledger have the reason', async () => {
    const request = await ask(null);
    if (request.state !== 'approved') throw new Error(`it is ${request.state}`);
    await comes();
    flow.clock.advance(MINUTE);
    await provisionGrant(flow.deps, request.grantId, 1);
    const event = flow.events().find(({ type }) => type === 'grant.revoking');
    expect(JSON.stringify(event?.payload)).toMatch(new RegExp(why.source, 'i'));
  });
});

test('a decision without a reason still reads as a sentence', () => {
  expect(drawn(denialSentence({ effect: 'deny', rule: null, reasons: [], outcomes: [] }))).not.toBe('.');
});
