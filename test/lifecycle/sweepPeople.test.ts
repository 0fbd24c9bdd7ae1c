/** Whoever has left loses what they hold: on a clear answer, and on nothing less. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grant.ts';
import { type Known, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { createSweep } from '../../src/lifecycle/people/sweepPeople.ts';
import { JOB_KEYS } from '../../src/ports/keys.ts';
import { ANA, aGrantOnItsWay, anActiveGrant, aPolicy, NO_TIES } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { anApprovedRequest } from '../support/requests.ts';

const AT_PAGERDUTY = { ...NO_TIES, inPagerDuty: true };
let flow: Flow;
let deps: Deps;
let left: Map<string, Known<string | null>>;
let pagerDuty: Map<string, Known<boolean>>;
let askedOf: string[];
beforeEach(() => {
  flow = startFlow({ ...aPolicy(), admins: ['U0EVE'] });
  left = new Map();
  pagerDuty = new Map();
  askedOf = [];
  deps = {
    ...flow.deps,
    directory: {
      ...flow.deps.directory,
      hasLeft: async (id) => {
        askedOf.push(id);
        return left.get(id) ?? known(null);
      },
    },
    onCall: { ...flow.deps.onCall, knows: async ({ slackId }) => pagerDuty.get(slackId) ?? known(true) },
  };
});
afterEach(() => flow.close());

const sweeping = () => {
  const sweep = createSweep(deps);
  return (who: string) => sweep(who, 1);
};
const by = (slackId: string) => ({ ...ANA, slackId, name: slackId });
const holds = async (...grants: Grant[]) => {
  for (const value of grants)
    await flow.deps.store.commit({
      requests: [
        {
          value: anApprovedRequest({
            id: value.requestId,
            grantId: value.id,
            role: value.role,
            requester: value.person,
          }),
          version: 0,
        },
      ],
      grants: [{ value, version: 0 }],
    });
};
const grant = (n: number, more: Partial<ReturnType<typeof anActiveGrant>> = {}) =>
  anActiveGrant({ id: `G${n}`, requestId: `R${n}`, role: `db/r${n}`, ...more });
const states = async () => {
  const live = await flow.deps.store.liveGrants({});
  return Object.fromEntries(live.map(({ value }) => [value.id, value.state]));
};
const again = (after: number) => ({ notBefore: flow.clock.now() + after });

describe('somebody', () => {
  test('who is still there keeps their access', async () => {
    await holds(grant(1));
    expect(await sweeping()('U0ANA')).toBeNull();
    expect(await states()).toEqual({ G1: 'active' });
  });

  test('who has left loses all of it, even if it is not active yet, with the reason', async () => {
    left.set('U0ANA', known('the Slack account was deactivated'));
    await holds(
      grant(1),
      aGrantOnItsWay({ id: 'G2', requestId: 'R2', role: 'db/r2' }),
      grant(3, { person: by('U0BEN') }),
    );
    expect(await sweeping()('U0ANA')).toBeNull();
    expect(await states()).toEqual({ G1: 'revoking', G2: 'revoking', G3: 'active' });
    expect(flow.events()).toMatchObject(
      ['G1', 'G2'].map((grantId) => ({
        type: 'grant.revoking',
        actor: { kind: 'bot' },
        grantId,
        payload: { why: 'person_left', problem: 'the Slack account was deactivated', person: { slackId: 'U0ANA' } },
      })),
    );
    // What is ending already is not ended again.
    expect(await sweeping()('U0ANA')).toBeNull();
    expect(flow.events()).toHaveLength(2);
  });

  test('unknown at Slack keeps it, with a log line and a retry in a minute', async () => {
    left.set('U0ANA', unknown('no answer'));
    await holds(grant(1));
    expect(await sweeping()('U0ANA')).toEqual(again(MINUTE));
    expect(await states()).toEqual({ G1: 'active' });
    expect(flow.log.lines).toMatchObject([{ level: 'warn', facts: { slackId: 'U0ANA', problem: 'no answer' } }]);
  });

  test('without live access is not looked up', async () => {
    await holds(grant(1));
    expect(await sweeping()('U0BEN')).toBeNull();
    expect(askedOf).toEqual([]);
  });

  test('unknown at PagerDuty loses it, if known there when anything was given', async () => {
    pagerDuty.set('U0ANA', known(false)).set('U0BEN', known(false));
    await holds(grant(1), grant(2, { ties: AT_PAGERDUTY }), grant(3, { person: by('U0BEN') }));
    const sweep = sweeping();
    expect(await sweep('U0ANA')).toBeNull();
    expect(await sweep('U0BEN')).toBeNull();
    expect(await states()).toEqual({ G1: 'revoking', G2: 'revoking', G3: 'active' });
    expect(flow.events()[0]?.payload).toMatchObject({
      why: 'person_left',
      problem: 'PagerDuty has no such user any more',
    });
  });

  test('loses it by PagerDuty’s answer even while Slack does not answer', async () => {
    left.set('U0ANA', unknown('no answer'));
    pagerDuty.set('U0ANA', known(false));
    await holds(grant(1, { ties: AT_PAGERDUTY }));
    expect(await sweeping()('U0ANA')).toBeNull();
    expect(await states()).toEqual({ G1: 'revoking' });
  });

  test('about whom PagerDuty does not answer keeps it', async () => {
    pagerDuty.set('U0ANA', unknown('no answer'));
    await holds(grant(1, { ties: AT_PAGERDUTY }));
    expect(await sweeping()('U0ANA')).toBeNull();
    expect(await states()).toEqual({ G1: 'active' });
  });
});

describe('everybody', () => {
  const many = (count: number) =>
    holds(
      ...Array.from({ length: count }, (_, index) =>
        grant(index, { person: by(`U${String(index).padStart(3, '0')}`) }),
      ),
    );

  test('is looked up at forty a minute, once a round, rounds every 15 minutes', async () => {
    await many(41);
    left.set('U040', known('deactivated'));
    const sweep = sweeping();
    expect(await sweep(JOB_KEYS.everybody)).toEqual(again(MINUTE));
    expect(askedOf.filter((id) => id !== 'U0EVE')).toHaveLength(40);
    expect(flow.events()).toEqual([]);
    expect(await sweep(JOB_KEYS.everybody)).toEqual(again(15 * MINUTE));
    expect(askedOf.filter((id) => id === 'U040')).toHaveLength(1);
    expect(flow.events()).toMatchObject([{ type: 'grant.revoking', grantId: 'G40' }]);
    const before = askedOf.length;
    await sweep(JOB_KEYS.everybody);
    expect(askedOf.slice(before)).toContain('U000');
  });

  test('of exactly as many as one minute allows is done in the next minute', async () => {
    await many(40);
    const sweep = sweeping();
    expect(await sweep(JOB_KEYS.everybody)).toEqual(again(MINUTE));
    expect(await sweep(JOB_KEYS.everybody)).toEqual(again(15 * MINUTE));
    expect(askedOf.filter((id) => id !== 'U0EVE')).toHaveLength(40);
  });

  test('is looked up again, also those without an answer', async () => {
    await holds(grant(1), grant(2, { person: by('U0BEN') }));
    left.set('U0ANA', unknown('no answer')).set('U0BEN', known('deactivated'));
    expect(await sweeping()(JOB_KEYS.everybody)).toEqual(again(15 * MINUTE));
    expect(await states()).toEqual({ G1: 'active', G2: 'revoking' });
  });

  test('is followed by a record of administrators at the end of the round', async () => {
    flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
    await many(40);
    const sweep = sweeping();
    const seen = async () => (await flow.deps.store.record('admin_seen', 'U0EVE')).value?.person.slackId;
    await sweep('U000');
    await sweep(JOB_KEYS.everybody);
    expect(await seen()).toBeUndefined();
    await sweep(JOB_KEYS.everybody);
    expect(await seen()).toBe('U0EVE');
  });
});
