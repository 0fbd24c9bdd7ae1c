import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

test('access that will not end is retried, overdue after six failures, and ends later', async () => {
  await stage.ana.submit(
    await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'Stuck payments' }),
  );
  await stage.ana.readsDirect('You have Payments database (read)');
  stage.sandbox.proxy.cut();
  stage.clock.jump(61 * MINUTE);
  const failures = () => stage.log.lines.filter((line) => line.message.startsWith('revoking failed')).length;
  for (let turn = 1; turn <= 8; turn += 1) {
    await expect.poll(failures, { timeout: 5_000 }).toBeGreaterThanOrEqual(turn);
    // The next try is in the database before its time is let pass.
    await expect
      .poll(() => stage.log.lines.filter((line) => line.message.startsWith('a job failed')).length)
      .toBeGreaterThanOrEqual(turn);
    stage.clock.jump(2 * MINUTE);
  }
  const { requestId, grantId } = await stage.recorded('grant.activated');
  const failed = stage.log.lines.filter((line) => line.message.startsWith('revoking failed'));
  expect(failed.every(({ facts }) => 'requestId' in facts && facts.requestId === requestId)).toBe(true);
  expect(failed.every(({ facts }) => 'grantId' in facts && facts.grantId === grantId)).toBe(true);
  const alarm = await stage.eve.readsIn('C0AUDIT', 'could not be ended');
  expect(stage.text(alarm, 'U0EVE')).toContain('The bot keeps trying; look at the target');
  await stage.ana.readsDirect('could not end your access yet');
  expect(await stage.madeRoles()).toHaveLength(1);

  stage.sandbox.proxy.restore();
  stage.clock.jump(2 * MINUTE);
  await stage.ana.readsDirect('has ended');
  expect(await stage.madeRoles()).toEqual([]);
  expect(stage.events().filter((event) => event.type === 'grant.overdue')).toHaveLength(1);
});

test('a refused grant is tried three times, cleaned up, and its person told why', async () => {
  const after = stage.sandbox.slack.workspace.newTs();
  // Eve's login does not exist in the orders database.
  await stage.eve.submit(
    await stage.eve.fillRequest({ search: 'orders', role: 'orders-db/read', reason: 'Looking at orders' }),
  );
  const prompt = await stage.until('there are buttons', () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', 'U0CHLOE')
      .find((message) => message.ts > after && JSON.stringify(message.blocks).includes('review_approve')),
  );
  await stage.chloe.click(prompt, 'review_approve');
  for (let turn = 1; turn <= 3; turn += 1) {
    await expect
      .poll(() => stage.log.lines.filter((line) => line.message === 'granting failed').length, { timeout: 5_000 })
      .toBeGreaterThanOrEqual(turn);
    await expect
      .poll(
        () => turn === 3 || stage.log.lines.filter((line) => line.message.startsWith('a job failed')).length >= turn,
      )
      .toBe(true);
    stage.clock.jump(6_000);
  }
  const told = await stage.eve.readsDirect('could not be set up', after);
  expect(stage.text(told, 'U0EVE')).toContain('there is no login "eve" in this database');
  expect(await stage.madeRoles()).toEqual([]);
});

test('a bot that is not in the audit channel says so in its log, with what to do', async () => {
  stage.sandbox.slack.workspace.channels.get('C0AUDIT')?.members.delete('U0JIT');
  await stage.restart();
  await expect
    .poll(() => JSON.stringify(stage.log.lines.map((line) => String((line.facts as { err?: unknown }).err))), {
      timeout: 5_000,
    })
    .toContain('/invite @jit');
  stage.sandbox.slack.workspace.channels.get('C0AUDIT')?.members.add('U0JIT');
  stage.clock.jump(2 * MINUTE);
  await stage.eve.readsIn('C0AUDIT', 'bot.started');
});

test('a PagerDuty key without rights is logged at start, with its variable', async () => {
  await stage.stopBot();
  stage.sandbox.pagerDuty.faults.add({ kind: 'forbidden' });
  await stage.restart();
  await expect.poll(() => JSON.stringify(stage.log.lines), { timeout: 5_000 }).toContain('Check PAGERDUTY_TOKEN');
});

test('an administrator who looked declares overdue access gone, in the live list', async () => {
  const { people } = stage.sandbox.slack;
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  stage.sandbox.proxy.cut();
  stage.clock.jump(61 * MINUTE);
  const failures = () => stage.log.lines.filter((line) => line.message.startsWith('a job failed')).length;
  for (let turn = 1; turn <= 6; turn += 1) {
    await expect.poll(failures, { timeout: 5_000 }).toBeGreaterThanOrEqual(turn);
    stage.clock.jump(2 * MINUTE);
  }
  await stage.recorded('grant.overdue');
  await stage.eve.jit('admin');
  await people.clickIn('U0EVE', await stage.eve.sees('could not be ended yet'), 'admin_gone');
  const form = await stage.eve.sees('Check at the target yourself');
  await people.enter('U0EVE', form, 'gone_reason', 'The server was scrapped');
  await people.submit('U0EVE', form);
  await stage.eve.sees('Recorded as gone, on your word');
  const line = await stage.eve.readsIn('C0AUDIT', 'declared');
  expect(stage.text(line, 'U0EVE')).toContain('The server was scrapped');
  expect(stage.text(line, 'U0EVE')).toContain('did not see that it is gone');
  const told = await stage.ana.readsDirect('I could not end it myself');
  expect(stage.text(told, 'U0ANA')).toContain('@Eve Lindqvist looked and says it is gone');
});
