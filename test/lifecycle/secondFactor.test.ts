/** One-time codes: which are taken, how often somebody may guess, and for whom guesses count. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRefused, type Refused } from '../../src/domain/refusal.ts';
import { HOUR, MINUTE, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import {
  beginEnrolment,
  type ConfirmedFactor,
  checkSecondFactor,
  confirmEnrolment,
  hasSecondFactor,
  isConfirmed,
  resetSecondFactor,
} from '../../src/lifecycle/people/secondFactor.ts';
import { aPolicy } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const DAY = 24 * HOUR;
let flow: Flow;
let deps: Deps;
/** What a secret was made for, newest last. */
let made: string[];
/** Whether the key that secrets were encrypted with is set. */
let isKeyThere: boolean;
const now = () => flow.clock.now();
const joins = (slackId: string, email: string) => flow.people.set(slackId, aPerson(slackId, slackId, email));

beforeEach(() => {
  flow = startFlow({ ...aPolicy(), admins: ['U0EVE'] });
  for (const name of ['ana', 'ben', 'eve']) joins(`U0${name.toUpperCase()}`, `${name}@harbor.example`);
  made = [];
  isKeyThere = true;
  deps = {
    ...flow.deps,
    get policy() {
      return flow.policy;
    },
    codes: {
      canSeal: true,
      create: (account) => {
        made.push(account);
        return { sealed: `app ${made.length}`, secret: `secret ${made.length}`, uri: `uri ${made.length}` };
      },
      canOpen: () => isKeyThere,
      resealed: (sealed) => sealed,
      // `7 of app 1` is the code of its seventh step.
      stepOf: (sealed, code) => {
        const [, step, app] = /^(\d+)of(.+)$/.exec(code) ?? [];
        return app === sealed.replace(' ', '') ? Number(step) : null;
      },
    },
  };
});
afterEach(() => flow.close());

const codeOf = async <T extends object>(outcome: Promise<T | Refused>) => {
  const result = await outcome;
  return isRefused(result) ? result.refused.code : 'taken';
};
const check = (who: string, code: string) => checkSecondFactor(deps, who, code);
const wrong = (who: string) => checkSecondFactor(deps, who, 'nonsense');
const enrols = async (who: string) => {
  await beginEnrolment(deps, who);
  const app = `app ${made.length}`;
  expect(await confirmEnrolment(deps, who, `1 of ${app}`)).toEqual({ enrolled: true });
  return app;
};
/** Wrong codes until no more are taken. @returns how long */
const locks = async (who: string) => {
  for (let turn = 0; turn < 5; turn += 1) {
    const outcome = await wrong(who);
    if (isRefused(outcome) && outcome.refused.code === 'second_factor_locked') return outcome.refused.until - now();
  }
  throw new Error('it was never locked');
};

test('codes whose key is gone are not counted as wrong, and only a reset helps', async () => {
  const app = await enrols('U0ANA');
  isKeyThere = false;
  for (let turn = 0; turn < 6; turn += 1)
    expect(await codeOf(check('U0ANA', `2 of ${app}`))).toBe('second_factor_unreadable');
  expect(flow.log.lines.at(-1)).toMatchObject({
    level: 'error',
    message: expect.stringContaining('JIT_SECRET_KEY_BEFORE'),
  });
  await resetSecondFactor(deps, { adminId: 'U0EVE', personId: 'U0ANA' });
  isKeyThere = true;
  await enrols('U0ANA');
});

describe('setting up one-time codes', () => {
  test('makes a secret under the person’s address, and tells it to them alone', async () => {
    expect(await beginEnrolment(deps, 'U0ANA')).toEqual({ secret: 'secret 1', uri: 'uri 1' });
    expect(made).toEqual(['ana@harbor.example']);
    expect(flow.events()).toEqual([]);
  });

  test('is for people whom Slack knows', async () => {
    const refused = { refused: { code: 'person_refused', problem: 'Slack does not know this person' } };
    expect(await beginEnrolment(deps, 'U0NOBODY')).toEqual(refused);
    await beginEnrolment(deps, 'U0ANA');
    flow.people.delete('U0ANA');
    expect(await confirmEnrolment(deps, 'U0ANA', '1 of app 1')).toEqual(refused);
  });

  test('counts only after a code was given', async () => {
    await beginEnrolment(deps, 'U0ANA');
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(false);
    expect(await codeOf(check('U0ANA', '1 of app 1'))).toBe('second_factor_missing');
    await confirmEnrolment(deps, 'U0ANA', '1 of app 1');
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(true);
    expect(await hasSecondFactor(deps, 'U0BEN')).toBe(false);
    expect(flow.events()).toMatchObject([
      {
        type: 'second_factor.enrolled',
        actor: { kind: 'person', id: 'U0ANA' },
        payload: { person: { slackId: 'U0ANA', name: 'U0ANA' } },
      },
    ]);
  });

  test('fails by a wrong first code, which counts as a guess', async () => {
    await beginEnrolment(deps, 'U0ANA');
    expect(await confirmEnrolment(deps, 'U0ANA', 'nonsense')).toEqual({
      refused: { code: 'second_factor_wrong', left: 4 },
    });
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(false);
    expect(flow.events()).toEqual([]);
  });

  test('begun twice, only the second secret is valid', async () => {
    await beginEnrolment(deps, 'U0ANA');
    await beginEnrolment(deps, 'U0ANA');
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', '1 of app 1'))).toBe('second_factor_wrong');
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', '1 of app 2'))).toBe('taken');
  });

  test('cannot be confirmed before it was begun', async () => {
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', '1 of app 1'))).toBe('second_factor_missing');
  });

  test('cannot be repeated once it is done', async () => {
    const app = await enrols('U0ANA');
    expect(await codeOf(beginEnrolment(deps, 'U0ANA'))).toBe('second_factor_enrolled');
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', `2 of ${app}`))).toBe('second_factor_enrolled');
    expect(await codeOf(check('U0ANA', `2 of ${app}`))).toBe('taken');
  });
});

describe('a code', () => {
  test('confirms the person who gave it for five minutes, and nobody else', async () => {
    const app = await enrols('U0ANA');
    const given = now();
    const factor = (await check('U0ANA', `2 of ${app}`)) as ConfirmedFactor;
    expect(isConfirmed(factor, 'U0ANA', given)).toBe(true);
    expect(isConfirmed(factor, 'U0ANA', given + 5 * MINUTE)).toBe(true);
    expect(isConfirmed(factor, 'U0ANA', given + 5 * MINUTE + 1)).toBe(false);
    expect(isConfirmed(factor, 'U0BEN', given)).toBe(false);
    expect(isConfirmed(null, 'U0ANA', given)).toBe(false);
  });

  test('may be typed with spaces', async () => {
    const app = await enrols('U0ANA');
    expect(await codeOf(check('U0ANA', ` 2 o f ${app} `))).toBe('taken');
  });

  test.each([
    ['the one that set it up', 1, 'second_factor_used'],
    ['the next one', 2, 'taken'],
    ['one from before that', 0, 'second_factor_used'],
  ])('is accepted once: %s', async (_which, step, outcome) => {
    const app = await enrols('U0ANA');
    expect(await codeOf(check('U0ANA', `${step} of ${app}`))).toBe(outcome);
  });

  test('given twice at the same moment is accepted once', async () => {
    const app = await enrols('U0ANA');
    const outcomes = await Promise.all([codeOf(check('U0ANA', `2 of ${app}`)), codeOf(check('U0ANA', `2 of ${app}`))]);
    expect(outcomes.sort()).toEqual(['second_factor_used', 'taken']);
  });

  test('of somebody else is wrong', async () => {
    await enrols('U0ANA');
    const bens = await enrols('U0BEN');
    expect(await codeOf(check('U0ANA', `2 of ${bens}`))).toBe('second_factor_wrong');
  });

  test('is refused from somebody who has set up none', async () => {
    expect(await codeOf(check('U0ANA', '1 of app 1'))).toBe('second_factor_missing');
  });
});

describe('wrong codes', () => {
  test('are five in a row at most, then even a right one is refused for 15 minutes', async () => {
    const app = await enrols('U0ANA');
    for (const left of [4, 3, 2, 1])
      expect(await wrong('U0ANA')).toEqual({ refused: { code: 'second_factor_wrong', left } });
    const until = now() + 15 * MINUTE;
    const locked = { refused: { code: 'second_factor_locked', until } };
    expect(await wrong('U0ANA')).toEqual(locked);
    expect(await check('U0ANA', `2 of ${app}`)).toEqual(locked);
    flow.clock.advance(15 * MINUTE - 1);
    expect(await check('U0ANA', `2 of ${app}`)).toEqual(locked);
    flow.clock.advance(1);
    expect(await codeOf(check('U0ANA', `2 of ${app}`))).toBe('taken');
  });

  test('a pause is recorded once, with its end', async () => {
    await enrols('U0ANA');
    await locks('U0ANA');
    await wrong('U0ANA');
    const [paused, ...more] = flow.events().filter(({ type }) => type === 'second_factor.locked');
    expect(more).toEqual([]);
    expect(paused).toMatchObject({
      actor: { kind: 'person', id: 'U0ANA' },
      payload: { person: { slackId: 'U0ANA' }, until: now() + 15 * MINUTE },
    });
  });

  test('still cause a pause if Slack no longer knows the person', async () => {
    await enrols('U0ANA');
    flow.people.delete('U0ANA');
    expect(await locks('U0ANA')).toBe(15 * MINUTE);
    expect(await codeOf(wrong('U0ANA'))).toBe('second_factor_locked');
    expect(flow.events().filter(({ type }) => type === 'second_factor.locked')).toEqual([]);
  });

  test('include used ones', async () => {
    const app = await enrols('U0ANA');
    for (let turn = 0; turn < 4; turn += 1) await check('U0ANA', `1 of ${app}`);
    expect(await codeOf(check('U0ANA', `1 of ${app}`))).toBe('second_factor_locked');
  });

  test('are forgotten after a right one', async () => {
    const app = await enrols('U0ANA');
    for (let turn = 0; turn < 4; turn += 1) await wrong('U0ANA');
    await check('U0ANA', `2 of ${app}`);
    expect(await wrong('U0ANA')).toMatchObject({ refused: { code: 'second_factor_wrong', left: 4 } });
  });

  test('are not stored for somebody who gave none', async () => {
    await enrols('U0ANA');
    expect(await deps.store.records('factor_guesses')).toEqual([]);
  });

  test('are counted from zero after a pause', async () => {
    await enrols('U0ANA');
    await locks('U0ANA');
    flow.clock.advance(15 * MINUTE);
    expect(await wrong('U0ANA')).toMatchObject({ refused: { code: 'second_factor_wrong', left: 4 } });
  });

  test('pause twice as long each time, up to a day, though right codes come in between', async () => {
    const app = await enrols('U0ANA');
    const pauses: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      const pause = await locks('U0ANA');
      pauses.push(pause / MINUTE);
      flow.clock.advance(pause);
      await check('U0ANA', `${turn + 2} of ${app}`);
    }
    expect(pauses).toEqual([15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
  });

  test('double the pause the second time, even with a right code in between', async () => {
    const app = await enrols('U0ANA');
    flow.clock.advance(await locks('U0ANA'));
    expect(await codeOf(wrong('U0ANA'))).toBe('second_factor_wrong');
    expect(await check('U0ANA', `2 of ${app}`)).not.toHaveProperty('refused');
    expect(await locks('U0ANA')).toBe(30 * MINUTE);
  });

  test.each([
    ['a day', DAY, 15],
    ['a moment less', DAY - 1, 30],
  ])('after %s without a pause the next one is the first again, and not before', async (_how, later, pause) => {
    await enrols('U0ANA');
    flow.clock.advance((await locks('U0ANA')) + later);
    const next = await locks('U0ANA');
    expect(next).toBe(pause * MINUTE);
    flow.clock.advance(next);
    expect(await locks('U0ANA')).toBe(2 * pause * MINUTE);
  });
});

describe('guesses are counted per human', () => {
  const share = async (first: string, second: string) => {
    await enrols(first);
    await enrols(second);
    await wrong(first);
    const outcome = await wrong(second);
    return isRefused(outcome) && outcome.refused.code === 'second_factor_wrong' && outcome.refused.left === 3;
  };

  test('two people have their own', async () => {
    expect(await share('U0ANA', 'U0BEN')).toBe(false);
  });

  test('two accounts of one mailbox share them', async () => {
    joins('U0ANA2', 'ana+admin@harbor.example');
    expect(await share('U0ANA', 'U0ANA2')).toBe(true);
  });

  test.each([
    ['U0ANA', 'U0BEN'],
    ['U0BEN', 'U0ANA'],
  ])('accounts that the policy lists together share them: %s, then %s', async (first, second) => {
    flow.policy = { ...flow.policy, samePerson: [['U0BEN', 'U0ANA']] };
    expect(await share(first, second)).toBe(true);
  });

  test('the mailbox at set-up stays theirs when their address changes', async () => {
    await enrols('U0ANA');
    joins('U0ANA', 'ana.k@harbor.example');
    joins('U0ANA2', 'ana@harbor.example');
    await enrols('U0ANA2');
    await wrong('U0ANA');
    expect(await wrong('U0ANA2')).toMatchObject({ refused: { left: 3 } });
  });

  test.each([
    ['before mailboxes were kept', {}],
    ['without an address', { human: '' }],
  ])('codes that were set up %s are counted by account', async (_when, human) => {
    for (const key of ['U0ANA', 'U0BEN'])
      await deps.store.commit({
        records: [
          {
            kind: 'second_factor',
            key,
            value: { sealed: `app ${key}`, confirmed: true, lastStep: 0, ...human },
            version: 0,
          },
        ],
      });
    await wrong('U0ANA');
    expect(await wrong('U0BEN')).toMatchObject({ refused: { left: 4 } });
    expect(await wrong('U0ANA')).toMatchObject({ refused: { left: 3 } });
  });
});

describe('a reset', () => {
  const reset = (adminId: string, personId: string) => resetSecondFactor(deps, { adminId, personId });

  test('by an administrator lets somebody set it up again, and informs them', async () => {
    const lost = await enrols('U0ANA');
    await enrols('U0BEN');
    expect(await reset('U0EVE', 'U0ANA')).toEqual({ reset: true });
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(false);
    expect(await hasSecondFactor(deps, 'U0BEN')).toBe(true);
    expect(flow.events().at(-1)).toMatchObject({
      type: 'second_factor.reset',
      actor: { id: 'U0EVE' },
      payload: { person: { slackId: 'U0ANA' } },
    });
    const app = await enrols('U0ANA');
    expect(await codeOf(check('U0ANA', `9 of ${lost}`))).toBe('second_factor_wrong');
    expect(await codeOf(check('U0ANA', `9 of ${app}`))).toBe('taken');
  });

  test('neither shortens a pause nor gives new guesses', async () => {
    await enrols('U0ANA');
    const pause = await locks('U0ANA');
    await reset('U0EVE', 'U0ANA');
    await beginEnrolment(deps, 'U0ANA');
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', '1 of app 2'))).toBe('second_factor_locked');
    flow.clock.advance(pause);
    expect(await codeOf(confirmEnrolment(deps, 'U0ANA', '1 of app 2'))).toBe('taken');
    expect(await locks('U0ANA')).toBe(30 * MINUTE);
  });

  test('is for administrators', async () => {
    await enrols('U0ANA');
    expect(await codeOf(reset('U0BEN', 'U0ANA'))).toBe('not_an_admin');
    expect(await codeOf(reset('U0NOBODY', 'U0ANA'))).toBe('person_refused');
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(true);
  });

  test('of one’s own codes takes somebody else, by whatever account', async () => {
    joins('U0EVE2', 'eve+2@harbor.example');
    for (const id of ['U0EVE', 'U0EVE2']) {
      await enrols(id);
      expect(await codeOf(reset('U0EVE', id))).toBe('own_second_factor');
      expect(await hasSecondFactor(deps, id)).toBe(true);
    }
  });

  test.each([
    ['of the administrator', ['U0EVE', 'U0OTHER']],
    ['of whoever lost theirs', ['U0ANA', 'U0OTHER']],
  ])('waits while an account %s cannot be looked up', async (_whose, accounts) => {
    await enrols('U0ANA');
    flow.policy = { ...flow.policy, samePerson: [accounts] };
    const silent = { ...deps, directory: { ...deps.directory, hasLeft: async () => unknown('no answer') } };
    expect(await codeOf(resetSecondFactor(silent, { adminId: 'U0EVE', personId: 'U0ANA' }))).toBe(
      'eligibility_unknown',
    );
    expect(await hasSecondFactor(deps, 'U0ANA')).toBe(true);
  });

  test('needs somebody whom Slack knows, and codes to reset', async () => {
    expect(await codeOf(reset('U0EVE', 'U0NOBODY'))).toBe('person_refused');
    expect(await codeOf(reset('U0EVE', 'U0ANA'))).toBe('second_factor_missing');
    expect(flow.events()).toEqual([]);
  });
});
