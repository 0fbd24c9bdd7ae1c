/** Break-glass to its end, and what a reviewer reads about who is on call. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;
const breakGlass = async () => {
  await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
  await stage.ben.readsDirect('You have Payments database (admin)');
  return stage.eve.readsIn('C0ACCESS', 'was it justified?');
};
const judge = async (action: 'use_justified' | 'use_unjustified') => {
  const prompt = await breakGlass();
  await stage.eve.click(prompt, action);
  const form = await stage.eve.sees('What did you find?');
  await people().enter('U0EVE', form, 'comment', 'looked at the *session*');
  await people().submit('U0EVE', form);
  await stage.recorded('break_glass.reviewed');
  return prompt;
};

describe('the verdict on break-glass', () => {
  test('found justified, access can still be ended, and the person is told', async () => {
    const prompt = await judge('use_justified');
    const told = await stage.ben.readsDirect('justified');
    expect(stage.text(told, 'U0BEN')).toContain('│ looked at the *session*');
    await stage.until('the prompt shows the verdict', () => stage.text(prompt, 'U0EVE').includes(': justified'));
    expect(stage.text(prompt, 'U0EVE')).toContain('[ End access now ]');
    expect(await stage.madeRoles()).toHaveLength(1);
    await stage.eve.click(prompt, 'grant_end');
    await stage.recorded('grant.ended');
    await stage.until('nothing is left to end', () => !stage.text(prompt, 'U0EVE').includes('End access now'));
  });

  test('found unjustified, the reviewer ends access, and the person is told', async () => {
    await judge('use_unjustified');
    const ended = await stage.recorded('grant.ended');
    expect(ended.payload.why).toBe('revoked');
    expect(await stage.madeRoles()).toEqual([]);
    const revoking = await stage.recorded('grant.revoking');
    expect(revoking.payload.problem).toBe('its use was found not justified');
    expect(revoking.actor).toMatchObject({ kind: 'person', id: 'U0EVE' });
    const told = stage.text(await stage.ben.readsDirect('not justified'), 'U0BEN');
    expect(told).toContain('@Eve Lindqvist reviewed your break-glass for Payments database (admin): not justified');
    expect(told).toContain('│ looked at the *session*');
  });

  test('found unjustified after its end, the person is told all the same', async () => {
    const prompt = await breakGlass();
    await stage.ben.jit('revoke');
    await stage.recorded('grant.ended');
    await stage.eve.click(prompt, 'use_unjustified');
    const form = await stage.eve.sees('What did you find?');
    await people().enter('U0EVE', form, 'comment', 'nothing was down');
    await people().submit('U0EVE', form);
    await stage.ben.readsDirect('not justified');
    expect(stage.events().filter(({ type }) => type === 'grant.ended')).toHaveLength(1);
  });
});

describe('on call, on the card', () => {
  const card = async (who: Stage['ben'], typed: string) => {
    await who.jit(`request ${typed} 30m INC-4711 quarterly numbers`);
    return stage.text(await stage.dev.readsIn('C0ACCESS', 'asks for'), 'U0DEV');
  };
  const onCallOf = (text: string) => /On call\s+(.+)/.exec(text)?.[1] ?? text;

  test('not on call reads as no', async () => {
    expect(onCallOf(await card(stage.ben, 'orders read'))).toMatch(/\bno$/m);
  });

  test('on call shows the level and until when', async () => {
    for (const incident of stage.sandbox.pagerDuty.account.incidents) incident.status = 'resolved';
    expect(onCallOf(await card(stage.ana, 'payments admin'))).toMatch(/level 1 for Payments until/);
  });

  test('unknown shows why', async () => {
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500' });
    expect(onCallOf(await card(stage.ana, 'payments read'))).toMatch(/not known: PagerDuty answered with 500/);
  });
});
