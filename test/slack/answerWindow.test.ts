/** The window that answers a request becomes the access, for as long as it is open. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Person } from '../../src/sandbox/person.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const ask = async (who: Person, role = 'payments-db/read') => {
  const form = await who.fillRequest({ search: role.split('/')[0] ?? '', role, reason: 'Looking into stuck payments' });
  await who.submit(form);
  return form;
};
const people = () => stage.sandbox.slack.people;

test('the window says until when, and its button shows a line to paste', async () => {
  const window = await ask(stage.ana);
  const held = await stage.ana.sees('You have Payments database (read) until');
  expect(held.id).toBe(window.id);
  expect(stage.viewText(held, 'U0ANA')).toMatch(/Approved\. You have .* until .*\d\d:\d\d.*Log in as jit_ana/s);
  await people().clickIn('U0ANA', held, 'grant_credential');
  const secret = await stage.ana.sees('Shown once');
  expect(JSON.stringify(secret.view)).toMatch(/postgres:\/\/jit_ana_/);
  expect(secret.previousId).toBe(window.id);
});

test('access given back in the window shows there as ended', async () => {
  await ask(stage.ana);
  const held = await stage.ana.sees('You have Payments database (read) until');
  await people().clickIn('U0ANA', held, 'grant_end');
  await stage.ana.sees('Your access to Payments database (read) has ended');
  expect(await stage.madeRoles()).toEqual([]);
});

test('more time can be requested over the window', async () => {
  const window = await ask(stage.ana);
  await people().clickIn('U0ANA', await stage.ana.sees('You have Payments'), 'grant_extend');
  const form = await stage.ana.sees('At most 7 h more');
  expect(form.previousId).toBe(window.id);
});

test('a window that waits for approval becomes the access when a reviewer approves', async () => {
  const window = await ask(stage.ben);
  expect(stage.viewText(window, 'U0BEN')).toContain('I asked them');
  await stage.chloe.click(await stage.chloe.readsIn('C0ACCESS', 'Looking into stuck payments'), 'review_approve');
  const held = await stage.ben.sees('You have Payments database (read) until');
  expect(held.id).toBe(window.id);
});

test('a window that waits for approval cancels the request', async () => {
  const window = await ask(stage.ben);
  await people().clickIn('U0BEN', window, 'request_cancel');
  await stage.recorded('request.cancelled');
  await stage.ben.sees('This request was cancelled');
});

test('a failure of a button in the window is shown in the window', async () => {
  const window = await ask(stage.ana);
  const held = await stage.ana.sees('You have Payments database (read) until');
  const { grantId } = await stage.recorded('grant.activated');
  held.view = JSON.parse(JSON.stringify(held.view).replaceAll(grantId ?? '', 'another'));
  await people().clickIn('U0ANA', held, 'grant_end');
  const told = await stage.ana.sees('This access no longer exists');
  expect(told.id).toBe(window.id);
});

test('two windows each show their own access', async () => {
  const first = await ask(stage.ana);
  await stage.ana.sees('You have Payments database (read) until');
  people().close(first);
  const second = await ask(stage.ana, 'orders-db/read');
  const held = await stage.ana.sees('You have Orders database (read) until');
  expect(held.id).toBe(second.id);
  expect(stage.viewText(held, 'U0ANA')).not.toContain('You have Payments');
});

test('somebody who closed the window gets the message, and nothing fails', async () => {
  const form = await stage.ana.fillRequest({
    search: 'payments',
    role: 'payments-db/read',
    reason: 'Looking into stuck payments',
  });
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'views.update', delayMs: 200 });
  await people().submit('U0ANA', form);
  people().close(form);
  await stage.ana.readsDirect('You have Payments database (read) until');
  stage.sandbox.slack.faults.clear();
});

test('somebody who closed the window while waiting gets one message, not two', async () => {
  const form = await stage.ben.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'numbers' });
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'views.update', delayMs: 200 });
  await people().submit('U0BEN', form);
  people().close(form);
  await stage.ben.readsDirect('waiting for approval');
  stage.sandbox.slack.faults.clear();
  await stage.stays('one message', () => {
    const asked = stage.sandbox.slack.workspace.messages.filter((message) =>
      JSON.stringify(message.blocks).includes('I asked them'),
    );
    return asked.length === 1;
  });
});

test('/jit list has every button that the message has', async () => {
  await ask(stage.ana);
  const message = await stage.ana.readsDirect('You have Payments database (read) until');
  await stage.ana.jit('list');
  const list = await stage.ana.told('Payments database (read)', message.ts);
  const buttons = (blocks: unknown) => [...JSON.stringify(blocks).matchAll(/"action_id":"(\w+)"/g)].map(([, id]) => id);
  expect(buttons(list.blocks)).toEqual(buttons(message.blocks));
});
