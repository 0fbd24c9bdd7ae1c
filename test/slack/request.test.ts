import { afterEach, beforeEach, expect, test } from 'vitest';
import { query } from '../../src/sandbox/postgres.ts';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const ask = (who: Stage['ana'], role: string, more: object = {}) =>
  who.fillRequest({ search: role.split('/')[0] ?? '', role, reason: 'Looking into stuck payments', ...more });

test('an on-call engineer is approved, told why and until when, and can log in', async () => {
  const form = await ask(stage.ana, 'payments-db/read');
  expect(stage.viewText(form, 'U0ANA')).toContain('Automatic: you are on call at level 1 for Payments until');
  const callsBefore = stage.sandbox.pagerDuty.calls.length;
  const answer = await stage.ana.submit(form);
  expect(stage.viewText(answer, 'U0ANA')).toContain('Approved.');
  const granted = await stage.ana.readsDirect('You have Payments database (read)');
  // One question for the decision; what is written on the incident afterwards is not part of it.
  const asked = stage.sandbox.pagerDuty.calls.slice(callsBefore).filter((call) => !call.includes('/notes'));
  expect(asked).toHaveLength(1);
  expect(stage.text(granted, 'U0ANA')).toMatch(/until .*\d\d:\d\d/);

  await stage.ana.click(granted, 'grant_credential');
  const secret = await stage.ana.sees('Shown once');
  const address = /postgres:\/\/[^"\\]+/.exec(JSON.stringify(secret.view))?.[0] ?? '';
  const [rows] = await query(address, ['SELECT * FROM payments']);
  expect(rows?.rowCount).toBe(3);

  stage.clock.jump(61 * MINUTE);
  await stage.ana.readsDirect('has ended');
  await expect(query(address, ['SELECT 1'])).rejects.toThrow(/password authentication failed|does not exist/);
  expect(await stage.madeRoles()).toEqual([]);
});

test('a new password replaces the old, and is shown to its person only', async () => {
  const after = await lastDirect('U0ANA');
  await stage.ana.submit(await ask(stage.ana, 'payments-db/read'));
  const granted = await stage.ana.readsDirect('You have Payments database (read)', after);
  const passwords: string[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    await stage.ana.click(granted, 'grant_credential');
    const view = await stage.ana.sees('Shown once');
    passwords.push(/postgres:\/\/[^"\\]+/.exec(JSON.stringify(view.view))?.[0] ?? '');
    stage.sandbox.slack.people.close(view);
  }
  await expect(query(passwords[0] ?? '', ['SELECT 1'])).rejects.toThrow(/password authentication failed/);
  await expect(query(passwords[1] ?? '', ['SELECT 1'])).resolves.toHaveLength(1);
  const secret = new URL(passwords[1] ?? '').password;
  expect(JSON.stringify([stage.sandbox.slack.workspace.messages, stage.log.lines, stage.events()])).not.toContain(
    secret,
  );

  // Somebody else's click on the same button gets nothing.
  await stage.ben.click(granted, 'grant_credential');
  await stage.ben.sees('Only its holder');

  await stage.ana.click(granted, 'grant_end');
  await stage.ana.readsDirect('ended early', granted.ts);
  expect(await stage.madeRoles()).toEqual([]);
});

test('the form shows what is wrong on the field it is about', async () => {
  const form = await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/admin', reason: 'too short' });
  await stage.ana.submit(form);
  expect(form.errors).toEqual({ reason: expect.stringContaining('at least 15 characters') });
  await stage.sandbox.slack.people.enter('U0ANA', form, 'request_reason', 'long enough but without the ticket');
  await stage.ana.submit(form);
  expect(form.errors).toEqual({ reason: expect.stringContaining('INC-') });
});

test('a form sent before it has grown shows what is missing on a field it has', async () => {
  const { people } = stage.sandbox.slack;
  await people.command('U0ANA', '/jit', '', 'C0GENERAL');
  const form = await stage.until('the form is open', () => people.topView('U0ANA'));
  form.values.role = {
    request_role: {
      type: 'external_select',
      selected_option: { text: { type: 'plain_text', text: 'x' }, value: 'payments-db/admin' },
    },
  };
  await stage.ana.submit(form);
  expect(Object.keys(form.errors)).toEqual(['role']);
  expect(form.errors.role).toContain('at least 15 characters');
});

test('a tampered form with an unknown role or long duration is an error, no request', async () => {
  const before = stage.events().length;
  const form = await ask(stage.ana, 'payments-db/read');
  form.values.role = {
    request_role: {
      type: 'external_select',
      selected_option: { text: { type: 'plain_text', text: 'x' }, value: 'payments-db/superuser' },
    },
  };
  await stage.ana.submit(form);
  expect(form.errors.role).toContain('no role');

  const long = await ask(stage.ana, 'payments-db/read');
  long.values['duration:payments-db/read'] = {
    request_duration: {
      type: 'static_select',
      selected_option: { text: { type: 'plain_text', text: 'x' }, value: String(1000 * 60 * MINUTE) },
    },
  };
  await stage.ana.submit(long);
  expect(long.errors['duration:payments-db/read']).toContain('At most 4\u00a0h');
  expect(stage.events()).toHaveLength(before);
});

test('the one open incident is chosen already, and the preview follows what is chosen', async () => {
  const form = await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/admin' });
  const text = stage.viewText(form, 'U0ANA');
  expect(text).toContain('Automatic');
  expect(text).toContain('incident #4711 on Checkout is triggered');
  expect(JSON.stringify(form.values.incident)).toContain('PINC4711');
});

test('a role chosen before PagerDuty answers still gets its preview', async () => {
  stage.sandbox.pagerDuty.faults.add({ kind: 'slow', delayMs: 150 });
  const { people } = stage.sandbox.slack;
  await people.command('U0ANA', '/jit', '', 'C0GENERAL');
  const form = await stage.ana.sees('Asking PagerDuty');
  const [role] = await people.suggestions('U0ANA', form, 'request_role', 'payments read');
  if (!role) throw new Error('nothing was offered');
  // What is known of Ana arrives on the form while the choice is still being looked into.
  await expect.poll(() => stage.sandbox.slack.calls.filter((call) => call === 'users.info').length).toBe(1);
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'users.info', delayMs: 600, times: 1 });
  await people.enter('U0ANA', form, 'request_role', role);
  await stage.ana.sees('You are on call');
  await stage.ana.sees('Automatic');
  expect(Object.keys(form.values)).toContain('duration:payments-db/read');
});

test('a preview that comes late does not cover the answer to what was sent meanwhile', async () => {
  const { people, workspace } = stage.sandbox.slack;
  const form = await ask(stage.ana, 'payments-db/read');
  stage.sandbox.slack.faults.add({ kind: 'slow', match: 'users.info', delayMs: 400, times: 1 });
  await people.enter('U0ANA', form, 'request_duration', String(30 * MINUTE));
  await people.submit('U0ANA', form);
  await stage.ana.sees('Approved.');
  // Stopping waits for everything that is still being handled.
  await stage.stopBot();
  expect(JSON.stringify(workspace.views.get(form.id)?.view)).toContain('Approved.');
});

test('somebody who asked a moment before the bot is stopped still gets the answer', async () => {
  const form = await ask(stage.ana, 'payments-db/read');
  stage.sandbox.pagerDuty.faults.add({ kind: 'slow', delayMs: 400 });
  await stage.sandbox.slack.people.submit('U0ANA', form);
  await stage.stopBot();
  expect(stage.viewText(form, 'U0ANA')).toContain('Approved.');
});

test('a chosen incident can be removed again, and the preview follows', async () => {
  const form = await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/admin' });
  await stage.sandbox.slack.people.enter('U0ANA', form, 'request_incident', null);
  const view = await stage.ana.sees('Needs 2 approvals');
  expect(stage.viewText(view, 'U0ANA')).toContain('the request names no incident');
});

test('a second request for what is held, or is waiting for review, is not taken', async () => {
  await stage.ben.submit(await ask(stage.ben, 'orders-db/read'));
  await stage.ben.readsDirect('waiting for');
  const again = await stage.ben.submit(await ask(stage.ben, 'orders-db/read'));
  expect(stage.viewText(again, 'U0BEN')).toContain('requested already');
  const waiting = await stage.ben.readsDirect('Cancel request');
  const copy = structuredClone(waiting);
  await stage.ben.click(waiting, 'request_cancel');
  await stage.until('the message says it is cancelled', () => stage.text(waiting, 'U0BEN').includes('cancelled'));
  // A copy of it on another screen still has the button.
  await stage.ben.click(copy, 'request_cancel');
  await stage.ben.readsDirect('Too late: this request was cancelled');
});

test.each([
  ['U0FARID', 'guests cannot take part'],
  ['U0HUGO', 'people from other workspaces cannot take part'],
  ['U0GRACE', 'this account is deactivated'],
])('%s is refused: %s', async (id, reason) => {
  await stage.sandbox.slack.people.command(id, '/jit', '', 'C0GENERAL');
  const view = await stage.person(id).sees('can’t request access');
  expect(stage.viewText(view, id)).toContain(reason);
});

test('/jit help and words that are not known are answered, to the one who asked only', async () => {
  await stage.sandbox.slack.people.command('U0BEN', '/jit', 'help', 'C0GENERAL');
  const help = await stage.ben.readsIn('C0GENERAL', 'opens the request form');
  expect(help.ephemeralTo).toBe('U0BEN');
  await stage.sandbox.slack.people.command('U0BEN', '/jit', '<!channel> frobnicate', 'C0GENERAL');
  const unknown = await stage.ben.readsIn('C0GENERAL', 'I don’t know');
  expect(unknown.text).not.toContain('<!channel>');
});

test('a submission that Slack delivers twice makes one request and one grant', async () => {
  const after = await lastDirect('U0DEV');
  const form = await ask(stage.dev, 'payments-db/read');
  const before = stage.events().length;
  stage.sandbox.slack.link.doubleNext(1);
  await stage.dev.submit(form);
  await stage.dev.readsDirect('You have Payments database (read)', after);
  const events = stage.events().slice(before);
  expect(events.filter((event) => event.type === 'request.submitted')).toHaveLength(1);
  expect(events.filter((event) => event.type === 'grant.activated')).toHaveLength(1);
});

test('with PagerDuty down nothing is automatic, reviewers are asked, the form says so', async () => {
  stage.sandbox.pagerDuty.faults.add({ kind: 'error_500' });
  stage.clock.jump(2 * 60 * MINUTE);
  const form = await ask(stage.ana, 'orders-db/read');
  expect(stage.viewText(form, 'U0ANA')).toContain('PagerDuty answered with 500');
  const answer = await stage.ana.submit(form);
  expect(stage.viewText(answer, 'U0ANA')).toContain('approval');
  stage.sandbox.pagerDuty.faults.clear();
});

/** The newest direct message a person has, to tell later ones from it. */
const lastDirect = async (id: string): Promise<string> =>
  stage.sandbox.slack.workspace.visible(stage.sandbox.slack.workspace.directChannel(id).id, id).at(-1)?.ts ?? '';
