/** What Slack refuses for good is said in plainer words, once, and nobody waits for it for ever. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const refuses = (match: string, error: string, times = Number.POSITIVE_INFINITY) =>
  stage.sandbox.slack.faults.add({ kind: 'says', match, says: { ok: false, error }, times });
const ask = async (who = stage.ben, role = 'orders-db/read') =>
  who.submit(await who.fillRequest({ search: role.replace('-db/', ' '), role, reason: 'Stuck & stuck again' }));
const said = (channel: string) => stage.sandbox.slack.workspace.visible(channel, 'U0EVE');

test.each(['invalid_blocks', 'msg_too_long', 'msg_blocks_too_long'])(
  'a card refused with %s is sent in plain words, and can be decided',
  async (error) => {
    await stage.until('started', () => said('C0AUDIT').length > 0);
    refuses('chat.postMessage C0ACCESS', error, 1);
    await ask();
    await stage.until('refused', () => stage.sandbox.slack.faults.list().length === 0);
    for (let turn = 0; turn < 3; turn += 1) stage.clock.jump(MINUTE / 12);
    const prompt = await stage.dev.readsIn('C0ACCESS', 'review_approve');
    const plainly = await stage.until('a plain message', () =>
      stage.sandbox.slack.workspace.messages.find(({ blocks }) => JSON.stringify(blocks).includes('did not accept')),
    );
    expect(stage.text(plainly, 'U0EVE')).toMatch(/Ben Okafor|Orders|#\d/);
    expect(stage.log.lines.some(({ message }) => message.startsWith('Slack refuses a message for good'))).toBe(true);
    await stage.dev.click(prompt, 'review_approve');
    await stage.recorded('request.approved');
  },
);

test('a name in plain words reads as it is written', async () => {
  const ben = stage.sandbox.slack.workspace.users.get('U0BEN');
  if (ben) Object.assign(ben, { realName: 'Ben & Sons' });
  await stage.until('started', () => said('C0AUDIT').length > 0);
  refuses('chat.postMessage C0ACCESS', 'invalid_blocks', 1);
  await ask();
  await stage.until('refused', () => stage.sandbox.slack.faults.list().length === 0);
  for (let turn = 0; turn < 3; turn += 1) stage.clock.jump(MINUTE / 12);
  const plainly = await stage.until('a plain message', () =>
    stage.sandbox.slack.workspace.messages.find(({ blocks }) => /did not accept/.test(JSON.stringify(blocks))),
  );
  expect(JSON.stringify(plainly.blocks)).toContain('Ben &amp; Sons');
});

test('a card that cannot be changed is posted again as it is now', async () => {
  await ask();
  const first = await stage.eve.readsIn('C0ACCESS', 'asks for');
  await stage.dev.readsIn('C0ACCESS', 'review_approve');
  refuses('chat.update', 'cant_update_message', 1);
  const [request] = stage.events().filter(({ type }) => type === 'request.submitted');
  await stage.ben.jit(`cancel ${request?.requestId}`);
  await stage.recorded('request.cancelled');
  const anew = await stage.eve.readsIn('C0ACCESS', 'Cancelled by the requester', first.ts);
  expect(anew.ts > first.ts).toBe(true);
});

test('what is refused even in plain words is not sent for ever', async () => {
  await ask();
  await stage.dev.readsIn('C0ACCESS', 'review_approve');
  refuses('chat.update', 'invalid_blocks');
  await stage.ben.jit('cancel');
  await stage.recorded('request.cancelled');
  await stage.logged('Slack refuses a message for good', 3);
  const calls = () => stage.log.lines.filter(({ message }) => message.startsWith('Slack refuses a message')).length;
  for (let turn = 0; turn < 5; turn += 1) stage.clock.jump(MINUTE);
  await stage.ana.jit('list');
  await stage.ana.told('You have no access');
  // The card, its prompt and the requester's own message: three ways each at most.
  expect(calls()).toBeLessThanOrEqual(9);
});
