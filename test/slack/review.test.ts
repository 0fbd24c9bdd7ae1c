import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Message } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

/** Somebody asks for a role that reviewers decide on. @returns the card, which has the buttons */
async function pending(
  who = stage.ben,
  role = 'orders-db/read',
  reason = 'Customer 4411 was charged twice',
): Promise<{ card: Message; prompt: Message; after: string }> {
  const after = stage.sandbox.slack.workspace.newTs();
  await who.submit(await who.fillRequest({ search: role.split('-')[0] ?? '', role, reason }));
  const prompt = await stage.until('there are buttons', () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', 'U0EVE')
      .findLast((message) => message.ts > after && JSON.stringify(message.blocks).includes('review_approve')),
  );
  return { card: prompt, prompt, after };
}

const deny = async (who: Stage['ana'], prompt: Message, comment: string) => {
  await who.click(prompt, 'review_deny');
  const form = await who.sees('Why not?');
  await stage.sandbox.slack.people.enter(who.id, form, 'comment', comment);
  await stage.sandbox.slack.people.submit(who.id, form);
  return form;
};

const settled = (message: Message, text: string, viewer = 'U0EVE') =>
  stage.until(`the message says "${text}"`, () => stage.text(message, viewer).includes(text));

test('an approval on the card updates it, tells the requester, and gives the access', async () => {
  const { card, prompt, after } = await pending();
  expect(stage.text(card, 'U0CHLOE')).toContain('Needs approval from');
  expect(stage.text(card, 'U0CHLOE')).toContain('Customer 4411 was charged twice');
  expect(stage.text(prompt, 'U0CHLOE')).toContain('approval from @payments-leads, @dba');
  await stage.chloe.click(prompt, 'review_approve');
  const granted = await stage.ben.readsDirect('You have Orders database (read)', after);
  expect(stage.text(granted, 'U0BEN')).toContain('Approved by @Chloé Martin');
  await settled(card, 'Access is active until');
  await settled(prompt, 'Access is active until');
  expect(stage.text(prompt, 'U0EVE')).toContain('Approved by @Chloé Martin');
  expect(JSON.stringify(prompt.blocks)).not.toContain('review_approve');

  // A reviewer may end it again, from the thread.
  await stage.chloe.click(prompt, 'grant_end');
  const ended = await stage.ben.readsDirect('ended early by', after);
  expect(stage.text(ended, 'U0BEN')).toContain('by @Chloé Martin');
  await settled(card, 'it was ended early');
});

test('a denial needs a comment, and the requester reads it as it was typed', async () => {
  const { card, prompt, after } = await pending();
  const form = await deny(stage.chloe, prompt, '   ');
  expect(form.errors.comment).toContain('Say why');
  stage.sandbox.slack.people.close(form);
  await deny(stage.chloe, prompt, 'Use the *replica* <!channel> https://evil.example');
  const told = await stage.ben.readsDirect('denied', after);
  expect(stage.text(told, 'U0BEN')).toContain('@Chloé Martin denied Orders database (read)');
  expect(JSON.stringify(told.blocks)).toContain(
    '"type":"text","text":"Use the *replica* <!channel> https://evil.example"',
  );
  await settled(card, 'Denied by @Chloé Martin');
});

test.each([
  ['the requester', () => stage.ben, 'cannot review your own request'],
  ['somebody who is no reviewer', () => stage.ana, 'not a reviewer'],
])('%s clicking approve changes nothing and is told why, unseen by others', async (_who, who, sentence) => {
  const { prompt, after } = await pending();
  await who().click(prompt, 'review_approve');
  const told = await who().readsIn('C0ACCESS', sentence, after);
  expect(told.ephemeralTo).toBe(who().id);
  expect(stage.events().filter(({ type }) => type === 'review.recorded' || type === 'request.approved')).toEqual([]);
  await deny(stage.chloe, prompt, 'done testing');
  await settled(prompt, 'Denied');
});

test('a reviewer who left the group or was deactivated can no longer approve', async () => {
  const { prompt, after } = await pending();
  const group = stage.sandbox.slack.workspace.groups.get('S0PAYLEADS');
  const members = group?.members ?? [];
  if (group) group.members = [];
  await stage.chloe.click(prompt, 'review_approve');
  await stage.chloe.readsIn('C0ACCESS', 'not a reviewer', after);
  if (group) group.members = members;

  const chloe = stage.sandbox.slack.workspace.users.get('U0CHLOE');
  if (chloe) chloe.kind = 'deactivated';
  await stage.chloe.click(prompt, 'review_approve');
  await stage.chloe.readsIn('C0ACCESS', 'deactivated', after);
  if (chloe) chloe.kind = 'member';
  await deny(stage.dev, prompt, 'done testing');
  await settled(prompt, 'Denied');
});

test('a reviewer with a second account at the same address cannot approve themselves', async () => {
  const { prompt, after } = await pending();
  const { workspace } = stage.sandbox.slack;
  workspace.users.set('U0BEN2', {
    id: 'U0BEN2',
    name: 'ben2',
    realName: 'Ben Two',
    email: 'BEN@harbor.example',
    timeZone: 'UTC',
    kind: 'member',
  });
  workspace.groups.get('S0DBA')?.members.push('U0BEN2');
  workspace.channels.get('C0ACCESS')?.members.add('U0BEN2');
  await stage.person('U0BEN2').click(prompt, 'review_approve');
  await stage.person('U0BEN2').readsIn('C0ACCESS', 'own request', after);
  await deny(stage.dev, prompt, 'done testing');
  await settled(prompt, 'Denied');
});

test('two approvals have to come from two people, and the second one grants', async () => {
  const { card, prompt, after } = await pending(stage.ben, 'payments-db/admin', 'Fix stuck rows by hand INC-4711');
  await stage.dev.click(prompt, 'review_approve');
  await settled(prompt, 'Approved by @Dev Patel so far');
  await stage.dev.click(prompt, 'review_approve');
  await stage.dev.readsIn('C0ACCESS', 'already approved this', after);
  expect(await stage.madeRoles()).toEqual([]);
  await stage.eve.click(prompt, 'review_approve');
  await stage.ben.readsDirect('You have Payments database (admin)', after);
  await settled(card, 'Approved by @Dev Patel and @Eve Lindqvist');
  await stage.ben.click(await stage.ben.readsDirect('You have Payments database (admin)', after), 'grant_end');
  await stage.ben.readsDirect('ended early', after);
});

test('two reviewers at once make one grant, and the later one is told the state', async () => {
  const { prompt, after } = await pending();
  await Promise.all([
    stage.chloe.click(prompt, 'review_approve'),
    stage.dev.click(prompt, 'review_deny').then(() => stage.eve.click(prompt, 'review_approve')),
  ]);
  await stage.ben.readsDirect('You have Orders database (read)', after);
  const requestId = stage.events().findLast((event) => event.type === 'request.submitted')?.requestId;
  const about = stage.events().filter((event) => event.requestId === requestId);
  expect(about.filter((event) => event.type === 'grant.activated')).toHaveLength(1);
  expect(about.filter((event) => event.type === 'request.approved')).toHaveLength(1);
  // Dev's half-filled denial comes too late, and says so on the form.
  const late = await stage.dev.sees('Why not?');
  await stage.sandbox.slack.people.enter('U0DEV', late, 'comment', 'too late');
  await stage.sandbox.slack.people.submit('U0DEV', late);
  expect(late.errors.comment).toContain('this request was approved');
  await stage.ben.click(await stage.ben.readsDirect('You have Orders database (read)', after), 'grant_end');
  await stage.ben.readsDirect('ended early', after);
});

test('a button with a changed value finds nothing and changes nothing', async () => {
  const { prompt, after } = await pending();
  const forged = {
    ...prompt,
    blocks: JSON.parse(JSON.stringify(prompt.blocks).replaceAll(/"value":"R\w+"/g, '"value":"R\' OR 1=1 --"')),
  };
  await stage.chloe.click(forged, 'review_approve');
  await stage.chloe.readsIn('C0ACCESS', 'no longer exists', after);
  await deny(stage.chloe, prompt, 'done testing');
  await settled(prompt, 'Denied');
});

test('if the policy now denies it, an approval is refused and the request waits', async () => {
  const { prompt, after } = await pending();
  const engineers = stage.sandbox.slack.workspace.groups.get('S0ENGINEERS');
  const members = engineers?.members ?? [];
  if (engineers) engineers.members = members.filter((id) => id !== 'U0BEN');
  await stage.chloe.click(prompt, 'review_approve');
  await stage.chloe.readsIn('C0ACCESS', 'The policy now denies', after);
  if (engineers) engineers.members = members;
  await stage.chloe.click(prompt, 'review_approve');
  await stage.ben.readsDirect('You have Orders database (read)', after);
  await stage.ben.click(await stage.ben.readsDirect('You have Orders database (read)', after), 'grant_end');
  await stage.ben.readsDirect('ended early', after);
});

test('a request that nobody decides on expires, and the buttons go', async () => {
  const { card, prompt, after } = await pending();
  stage.clock.jump(121 * MINUTE);
  await stage.ben.readsDirect('Nobody decided', after);
  await settled(card, 'nobody decided in time');
  await settled(prompt, 'nobody decided in time');
  expect(JSON.stringify(prompt.blocks)).not.toContain('review_approve');
});
