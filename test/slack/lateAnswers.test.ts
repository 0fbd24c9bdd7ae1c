/** Slack waits three seconds for an answer to a form, whatever keeps the bot from deciding. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenView } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;
const slow = (delayMs = 2_000) => {
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'users.info', delayMs });
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'usergroups', delayMs });
};
const asked = async () => {
  await stage.ben.jit('request orders read 30m numbers');
  return stage.dev.readsIn('C0ACCESS', 'review_deny');
};
/** Sends it as Slack does: an answer after three seconds is none. */
const sends = (who: string, form: OpenView) => people().submit(who, form);

describe('a form with a slow answer is acknowledged first, and answered in its place', () => {
  test('Deny…', async () => {
    await stage.dev.click(await asked(), 'review_deny');
    const form = await stage.dev.sees('Why not?');
    await people().enter('U0DEV', form, 'comment', 'not now');
    stage.clock.jump(20 * 60_000);
    slow();
    await sends('U0DEV', form);
    await stage.dev.sees('Denied. The requester reads');
    await stage.recorded('request.denied');
  });

  test('Approve less…, refused late, says why and keeps what was typed', async () => {
    const prompt = await asked();
    await stage.ben.click(prompt, 'review_change');
    const form = await stage.ben.sees('gets what you choose here');
    await people().enter('U0BEN', form, 'comment', 'only a little');
    stage.clock.jump(20 * 60_000);
    slow();
    await sends('U0BEN', form);
    const answer = stage.viewText(await stage.ben.sees('You cannot review your own request'), 'U0BEN');
    expect(answer).toContain('only a little');
  });

  test('Freeze', async () => {
    await stage.eve.jit('admin');
    await people().clickIn('U0EVE', await stage.eve.sees('Active: '), 'admin_freeze');
    const form = await stage.eve.sees('Nobody gets access until');
    await people().enter('U0EVE', form, 'freeze_reason', 'A token has leaked');
    stage.clock.jump(20 * 60_000);
    slow();
    await sends('U0EVE', form);
    await stage.eve.sees('Frozen.');
    await stage.recorded('access.frozen');
  });

  test('naming a stand-in', async () => {
    await stage.dev.jit('away');
    const form = await stage.dev.sees('Who reviews for you?');
    await people().enter('U0DEV', form, 'away_to', 'U0CHLOE');
    slow();
    await sends('U0DEV', form);
    await stage.dev.sees('While you are away');
    await stage.until(
      'answered',
      () => !stage.viewText(people().topView('U0DEV') ?? null, 'U0DEV').includes('One moment'),
    );
  });

  test('somebody who closes the form meanwhile is answered in a private message', async () => {
    await stage.dev.click(await asked(), 'review_deny');
    const form = await stage.dev.sees('Why not?');
    await people().enter('U0DEV', form, 'comment', 'not now');
    stage.clock.jump(20 * 60_000);
    slow();
    await sends('U0DEV', form);
    people().close(await stage.dev.sees('One moment'));
    await stage.dev.readsDirect('Denied. The requester reads');
  });
});

describe('where Slack does not open a form, the person is told', () => {
  const refused = () =>
    stage.sandbox.slack.faults.add({ kind: 'says', match: 'views.', says: { ok: false, error: 'expired_trigger_id' } });

  test.each(['review_deny', 'review_change'])('the button %s', async (action) => {
    const prompt = await asked();
    refused();
    await stage.dev.click(prompt, action);
    await stage.dev.readsIn('C0ACCESS', 'Slack did not open the form');
  });

  test.each(['', 'away', 'extend payments', 'request payments'])('/jit %s', async (typed) => {
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    refused();
    await stage.ana.jit(typed);
    await stage.ana.told('Slack did not open the form');
  });

  test.each(['grant_extend', 'grant_credential'])('the button %s in a private message', async (action) => {
    await stage.ana.jit('request payments read 1h stuck payments');
    const notice = await stage.ana.readsDirect('You have Payments database (read)');
    refused();
    await stage.ana.click(notice, action);
    await stage.ana.readsDirect('Slack did not open the form');
  });

  test('a shortcut', async () => {
    refused();
    await people().shortcut('U0ANA', 'request_access', null);
    await stage.ana.readsDirect('Slack did not open the form');
  });

  test('Freeze… over an administrator’s list', async () => {
    await stage.eve.jit('admin');
    const list = await stage.eve.sees('Active: ');
    stage.sandbox.slack.faults.add({
      kind: 'says',
      match: 'views.push',
      says: { ok: false, error: 'expired_trigger_id' },
    });
    await people().clickIn('U0EVE', list, 'admin_freeze');
    await stage.eve.sees('Slack did not open the form');
  });
});
