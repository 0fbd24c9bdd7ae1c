import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Message } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const auditMessages = () => stage.sandbox.slack.workspace.visible('C0AUDIT', 'U0EVE');
const range = ({ metadata }: Message) => metadata?.event_payload as { from: number; to: number; hash: string };
const shownEvents = () =>
  auditMessages().flatMap((message) =>
    Array.from({ length: range(message).to - range(message).from + 1 }, (_, index) => range(message).from + index),
  );
/** Waits until the audit channel shows the whole ledger. */
const caughtUp = () =>
  stage.until('the audit channel shows every event', () => shownEvents().length >= stage.events().length);
const askAndGet = async (who = stage.ana) => {
  await who.submit(await who.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'Stuck payments' }));
};

test('every event is in the audit channel once, in order, with position and hash', async () => {
  await askAndGet();
  await stage.ana.readsDirect('You have Payments database (read)');
  await caughtUp();
  const events = stage.events();
  expect(shownEvents()).toEqual(events.map((event) => event.seq));
  for (const message of auditMessages()) expect(range(message).hash).toBe(events[range(message).to - 1]?.hash);
  expect(stage.text(auditMessages().at(-1) as Message, 'U0EVE')).toContain('grant.activated');
});

test.each(['error_500', 'dropped', 'rate_limited', 'lost_answer', 'html'] as const)(
  'posts that end in %s are repaired: none missing, none twice, none delayed',
  async (kind) => {
    stage.sandbox.slack.faults.add({ kind, match: 'chat.postMessage', times: 3 });
    await askAndGet();
    await stage.recorded('grant.activated');
    for (let turn = 0; turn < 4; turn += 1) stage.clock.jump(5_000);
    await stage.ana.readsDirect('You have Payments database (read)');
    await caughtUp();
    expect(shownEvents()).toEqual(stage.events().map((event) => event.seq));
    const notices = stage.sandbox.slack.workspace.visible(
      stage.sandbox.slack.workspace.directChannel('U0ANA').id,
      'U0ANA',
    );
    expect(notices.filter((message) => message.text.startsWith('You have'))).toHaveLength(1);
  },
);

test('with Slack down access ends on time, and the messages follow later', async () => {
  await askAndGet();
  await stage.ana.readsDirect('You have Payments database (read)');
  expect(await stage.madeRoles()).toHaveLength(1);
  stage.sandbox.slack.faults.add({ kind: 'error_500' });
  stage.sandbox.slack.link.dropAll();
  stage.clock.jump(61 * MINUTE);
  await expect.poll(() => stage.madeRoles(), { timeout: 5_000 }).toEqual([]);
  await expect.poll(() => stage.events().at(-1)?.type).toBe('grant.ended');
  stage.sandbox.slack.faults.clear();
  for (let turn = 0; turn < 4; turn += 1) stage.clock.jump(MINUTE);
  await stage.ana.readsDirect('has ended');
  await caughtUp();
});

test('messages that were due when the bot stopped are posted by the next start, once', async () => {
  stage.sandbox.slack.faults.add({ kind: 'lost_answer', match: 'chat.postMessage' });
  await askAndGet();
  await stage.until('something was posted', () => auditMessages().length > 0);
  await stage.stopBot();
  stage.sandbox.slack.faults.clear();
  await stage.restart();
  await stage.ana.readsDirect('You have Payments database (read)');
  await caughtUp();
  expect(shownEvents()).toEqual(stage.events().map((event) => event.seq));
});

test('a backlog is posted in few messages', async () => {
  stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'chat.postMessage' });
  for (const who of [stage.ana, stage.dev]) await askAndGet(who);
  await expect.poll(() => stage.events().filter((event) => event.type === 'grant.activated').length).toBe(2);
  stage.clock.jump(61 * MINUTE);
  await expect.poll(() => stage.events().filter((event) => event.type === 'grant.ended').length).toBe(2);
  const before = auditMessages().length;
  stage.sandbox.slack.faults.clear();
  stage.clock.jump(2 * MINUTE);
  await caughtUp();
  expect(auditMessages().length - before).toBeLessThanOrEqual(2);
});
