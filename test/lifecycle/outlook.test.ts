/** What somebody could ask for now. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Role } from '../../src/domain/policy.ts';
import { isRefused } from '../../src/domain/refusal.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { possibleNow, previewRequest } from '../../src/lifecycle/request/outlook.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { allow, anOutage, aPolicy, aResource, aRole, ask, inIncident, onCall } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const ANA = aPerson('U0ANA', 'Ana', 'ana@harbor.example');
let flow: Flow;
beforeEach(() => {
  flow = startFlow(aPolicy());
  flow.people.set('U0ANA', ANA);
  flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
});
afterEach(() => flow.close());

const ROLES: Readonly<Record<string, Partial<Role>>> = {
  asks: { rules: [ask()] },
  allows: { rules: [allow()] },
  denies: { rules: [] },
  too: { rules: [allow()] },
};
const withRoles = (roles: Readonly<Record<string, Partial<Role>>>) => {
  const of = Object.entries(roles).map(([id, more]) => aRole({ id, name: id, ...more }));
  flow.policy = { ...aPolicy(aResource('db', 'Database', of)), admins: ['U0EVE'] };
};
const possible = async (deps: Deps = flow.deps) => {
  const found = await possibleNow(deps, ANA);
  if (!found.known) return found.problem;
  return found.value.map(({ role, outlook }) => [
    role.id,
    isRefused(outlook) ? outlook.refused.code : outlook.decision.effect,
  ]);
};
const takes = (role: string) =>
  submitRequest(flow.deps, {
    submissionKey: `S-${role}`,
    personId: 'U0ANA',
    roles: [role],
    duration: HOUR,
    reason: 'needed',
    incidentId: null,
    startsAt: null,
    factor: null,
  });

test('lists automatic roles first, then reviewed ones, and leaves out denied ones', async () => {
  withRoles(ROLES);
  expect(await possible()).toEqual([
    ['allows', 'allow'],
    ['too', 'allow'],
    ['asks', 'ask'],
  ]);
});

test('ends with what they hold or wait for, by any account', async () => {
  withRoles(ROLES);
  await takes('db/allows');
  await takes('db/asks');
  const taken = [
    ['too', 'allow'],
    ['allows', 'already_holds'],
    ['asks', 'already_pending'],
  ];
  expect(await possible()).toEqual(taken);
  const other = aPerson('U0ANA2', 'Ana', 'ana+2@harbor.example');
  const found = await possibleNow(flow.deps, other);
  expect(found.known && found.value.map(({ role }) => role.id)).toEqual(['too', 'allows', 'asks']);
});

test('leaves out roles whose target has no account for them', async () => {
  withRoles(ROLES);
  flow.obstacle = 'it is not known what Ana is called there';
  expect(await possible()).toEqual([]);
});

test('asks neither for a code nor for a reason yet', async () => {
  withRoles({ allows: { rules: [allow()], secondFactor: { request: true, review: false } } });
  expect(await possible()).toEqual([['allows', 'allow']]);
  expect(
    await previewRequest(flow.deps, {
      personId: 'U0ANA',
      role: 'db/allows',
      duration: HOUR,
      incidentId: null,
      reason: '',
      startsAt: null,
    }),
  ).toMatchObject({ decision: { effect: 'allow' } });
});

test('is empty while everything is frozen, and says so', async () => {
  withRoles(ROLES);
  await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
  expect(await possible()).toBe('nothing is granted now: all access is frozen by Eve: a token has leaked');
});

test('decides twenty-five roles, and lists the others as possible', async () => {
  withRoles(Object.fromEntries(Array.from({ length: 27 }, (_, index) => [`r${index}`, { rules: [allow()] }])));
  for (const role of ['db/r24', 'db/r25']) await takes(role);
  const found = (await possible()) as [string, string][];
  expect(found).toHaveLength(27);
  expect(found.slice(-2)).toEqual([
    ['r26', 'allow'],
    ['r24', 'already_holds'],
  ]);
  expect(found).toContainEqual(['r25', 'allow']);
});

describe('over hundreds of roles', () => {
  const MANY = Array.from({ length: 400 }, (_, index) => [`r${index}`, { rules: [allow(onCall())] }] as const);

  test('gives way to other work again and again', async () => {
    withRoles(Object.fromEntries(MANY));
    let turns = 0;
    let isOver = false;
    const other = (): void => {
      turns += 1;
      if (!isOver) setImmediate(other);
    };
    setImmediate(other);
    await possible();
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(MANY.length / 50 - 1);
  });

  test('asks PagerDuty once, even if it does not answer', async () => {
    withRoles(Object.fromEntries(MANY));
    const questions: string[] = [];
    flow.deps.onCall.entries = async ({ slackId }) => {
      questions.push(slackId);
      return unknown('PagerDuty does not answer');
    };
    expect(await possible()).toEqual([]);
    expect(questions).toEqual(['U0ANA']);
  });
});

describe('the preview', () => {
  const asking = () => {
    const asked: unknown[] = [];
    const deps: Deps = {
      ...flow.deps,
      onCall: { ...flow.deps.onCall, openIncidents: async () => known([anOutage({ id: 'PONE' })]) },
      evidence: {
        gather: async (role, about, purpose) => {
          asked.push([role.id, about, purpose]);
          return flow.deps.evidence.gather(role, about, purpose);
        },
      },
      policy: flow.policy,
    };
    return { asked, deps };
  };

  test('is for the usual length, with the open incident', async () => {
    withRoles({ allows: { rules: [allow()], duration: { default: 20 * MINUTE, max: HOUR, total: HOUR } } });
    const { asked, deps } = asking();
    await possible(deps);
    const about = { person: ANA, incidentId: 'PONE', at: null, requestId: null, duration: 20 * MINUTE, reason: '' };
    expect(asked).toEqual([
      ['allows', { ...about, look: {} }, 'preview'],
      ['allows', about, 'preview'],
    ]);
  });

  test('uses that incident for a rule that depends on it', async () => {
    withRoles({ incident: { rules: [allow(inIncident())] } });
    const { deps } = asking();
    const withIncident: Deps = {
      ...deps,
      evidence: {
        gather: async (role, about, purpose) => ({
          ...(await flow.deps.evidence.gather(role, about, purpose)),
          incident: about.incidentId === 'PONE' ? known(anOutage()) : null,
        }),
      },
    };
    expect(await possible(withIncident)).toEqual([['incident', 'allow']]);
  });
});
