/** The bot's main stories, clicked and typed in a real browser. */

import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningSandbox, runSandbox } from '../../src/sandbox/run.ts';
import { serveWorkspace, type WebServer } from '../../src/sandbox/web/server.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';

if (!chromiumPath)
  process.stderr.write('\nSKIPPED: the browser stories. No Chromium was found; install one or set CHROMIUM_PATH.\n');

const PATIENCE = 20_000;
const UNKNOWN = 'This page does not know';

describe.skipIf(!chromiumPath)('the workspace page', () => {
  let browser: Browser;
  let running: RunningSandbox;
  let web: WebServer;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    running = await runSandbox();
    web = await serveWorkspace(running);
    faults = [];
  });
  afterEach(async () => {
    await page.close();
    await web.close();
    await running.close();
    expect(faults).toEqual([]);
  });

  async function openPage(options: { width?: number; height?: number; colorScheme?: 'light' | 'dark' } = {}) {
    const { width = 1440, height = 900, colorScheme = 'light' } = options;
    page = await browser.newPage({ viewport: { width, height }, colorScheme });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => faults.push(error.message));
    // What the page loads comes from the sandbox alone.
    page.on('request', (request) => {
      if (!request.url().startsWith(web.address) && !request.url().startsWith('data:'))
        faults.push(`asked for ${request.url()}`);
    });
    await page.goto(web.address);
    await pane(0).waitFor();
  }

  const pane = (index: number): Locator => page.locator('.pane').nth(index);
  const shows = (where: Locator | Page, text: string | RegExp) => where.getByText(text).first().waitFor();
  const goTo = (where: Locator, place: string) => where.locator(`[data-place="${place}"]`).click();
  const directOf = (person: string) => `D0${person.slice(2)}`;

  /** Fills in the form with the keyboard alone. */
  async function request(where: Locator, asked: { type: string; reason: string }) {
    await where.getByLabel(/^Message #/).fill('/jit');
    await where.getByLabel(/^Message #/).press('Enter');
    const form = where.getByRole('dialog');
    const what = form.getByLabel('What do you need?');
    await what.pressSequentially(asked.type);
    await form.getByRole('listbox').getByRole('option').first().waitFor();
    await what.press('Enter');
    await form
      .getByText(/Automatic|Needs approval|Needs 2|Would be denied/)
      .first()
      .waitFor();
    await form.getByLabel('Why?').fill(asked.reason);
    return form;
  }

  test('Ana, on call, asks by keyboard, is approved, and loses access on time', async () => {
    await openPage();
    const ana = pane(0);
    const form = await request(ana, { type: 'payments read', reason: 'Stuck payments' });
    await shows(form, /on call at level 1 for Payments/);
    await form.getByRole('button', { name: 'Request' }).press('Enter');
    await shows(form, 'Approved.');
    await page.keyboard.press('Escape');
    await goTo(ana, directOf('U0ANA'));
    await shows(ana, /You have Payments database \(read\) until/);
    const madeLogin = page.locator('.world tr.made', { hasText: 'payments' }).filter({ has: page.locator('td.yes') });
    await madeLogin.first().waitFor();

    await ana.getByRole('button', { name: 'Get credentials' }).click();
    await shows(ana.getByRole('dialog'), /postgres:\/\/jit_ana_/);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: '+4 h' }).click();
    await shows(ana, 'Payments database (read) has ended');
    await page.locator('.world tr.made').first().waitFor({ state: 'detached' });
    expect(await page.getByText(UNKNOWN).count()).toBe(0);
  });

  test('Ben asks, Chloé approves on the card, and both see it immediately', async () => {
    await openPage({ width: 1700 });
    await page.getByRole('button', { name: 'Two people' }).click();
    const [ben, chloe] = [pane(0), pane(1)];
    await ben.getByLabel('You are').selectOption('U0BEN');
    const form = await request(ben, { type: 'payments read', reason: 'Customer 4411 was charged twice' });
    await form.getByRole('button', { name: 'Request' }).click();
    await shows(form, 'I asked them');
    await form.getByRole('button', { name: 'Close' }).first().click();

    await chloe.locator('.unread[data-place="C0ACCESS"]').waitFor();
    await goTo(chloe, 'C0ACCESS');
    await shows(chloe, 'Customer 4411 was charged twice');
    await chloe.getByRole('button', { name: 'Approve', exact: true }).click();
    await shows(chloe, /Access is active until/);
    await goTo(ben, directOf('U0BEN'));
    await shows(ben, /Approved by/);
    expect(await page.getByText(UNKNOWN).count()).toBe(0);

    // Ben gives it back himself, and is asked whether he means it.
    await ben.getByRole('button', { name: 'I’m done' }).click();
    await ben.getByRole('alertdialog').getByRole('button', { name: 'End it' }).click();
    await shows(ben, /has ended/);
    await shows(ben, 'Only visible to you');
  });

  test('a denial needs a comment on the field, and the requester reads it', async () => {
    await openPage({ width: 1700 });
    await page.getByRole('button', { name: 'Two people' }).click();
    const [ben, chloe] = [pane(0), pane(1)];
    await ben.getByLabel('You are').selectOption('U0BEN');
    const form = await request(ben, { type: 'payments read', reason: 'Just looking' });
    await form.getByRole('button', { name: 'Request' }).click();
    await shows(form, 'I asked them');
    await page.keyboard.press('Escape');
    await goTo(chloe, 'C0ACCESS');
    await chloe.getByRole('button', { name: 'Deny…' }).click();
    const why = chloe.getByRole('dialog');
    await why.getByRole('button', { name: 'Deny' }).click();
    await why.getByRole('alert').waitFor();
    await why.getByLabel('Why not?').fill('Use the replica, <b>please</b>');
    await why.getByRole('button', { name: 'Deny' }).click();
    await goTo(ben, directOf('U0BEN'));
    await shows(ben, 'Use the replica, <b>please</b>');
  });

  const say = async (where: Locator, text: string) => {
    await where.getByRole('textbox', { name: /^Message #/ }).fill(text);
    await where.getByRole('textbox', { name: /^Message #/ }).press('Enter');
  };

  test('several things in one request, a reminder before the end, more time, and done', async () => {
    await openPage();
    const ana = pane(0);
    const form = await request(ana, { type: 'payments read', reason: 'Stuck payments' });
    await form.getByRole('button', { name: 'More options' }).click();
    await form.getByLabel('Anything else with it?').pressSequentially('orders');
    await form.getByRole('listbox').getByRole('option').first().waitFor();
    await form.getByLabel('Anything else with it?').press('Enter');
    await shows(form, 'Orders database (read), 1 h');
    await form.getByRole('button', { name: 'Request' }).click();
    await form.getByText('Payments database (read)').first().waitFor();
    await page.keyboard.press('Escape');
    await goTo(ana, directOf('U0ANA'));
    await shows(ana, /You have Payments database \(read\) until/);
    await shows(ana, /You have Orders database \(read\) until/);

    await page.getByRole('button', { name: '+30 min' }).click();
    await page.getByRole('button', { name: '+5 min' }).click();
    await page.getByRole('button', { name: '+5 min' }).click();
    await page.getByRole('button', { name: '+5 min' }).click();
    await page.getByRole('button', { name: '+5 min' }).click();
    const reminder = ana.locator('.message', { hasText: 'Payments database (read) ends' });
    await reminder.getByRole('button', { name: 'Extend…' }).click();
    const more = ana.getByRole('dialog');
    await shows(more, /At most 7\sh more/);
    await more.getByRole('button', { name: 'Ask for it' }).click();
    await shows(more, 'Approved.');
    await page.keyboard.press('Escape');
    await shows(ana, /You keep Payments database \(read\) until/);
    expect(await page.getByText(UNKNOWN).count()).toBe(0);
  });

  test('Home: what could be asked for is asked for there, and given back there', async () => {
    await openPage();
    const ana = pane(0);
    await goTo(ana, 'home');
    await shows(ana, 'You could ask for');
    await ana.getByRole('button', { name: 'Ask', exact: true }).first().click();
    const form = ana.getByRole('dialog');
    await shows(form, /Automatic/);
    await form.getByLabel('Why?').fill('Stuck payments');
    await form.getByRole('button', { name: 'Request' }).click();
    await shows(form, 'Approved.');
    await page.keyboard.press('Escape');
    await ana.getByRole('button', { name: 'I’m done' }).click();
    await ana.getByRole('alertdialog').getByRole('button', { name: 'End it' }).click();
    await shows(ana, 'Nothing right now.');
    expect(await page.getByText(UNKNOWN).count()).toBe(0);
  });

  test('break-glass is announced and reviewed, and a freeze ends all access', async () => {
    await openPage({ width: 1700 });
    await page.getByRole('button', { name: 'Two people' }).click();
    const [ben, eve] = [pane(0), pane(1)];
    await ben.getByLabel('You are').selectOption('U0BEN');
    await eve.getByLabel('You are').selectOption('U0EVE');
    await say(ben, '/jit break-glass payments admin 20m Checkout is down for everybody');
    await shows(ben, /Break-glass: I’m setting up your access now/);
    await goTo(eve, 'C0ACCESS');
    await shows(eve, /Break-glass:/);
    await eve.getByRole('button', { name: 'It was justified…' }).click();
    const found = eve.getByRole('dialog');
    await found.getByLabel('What did you find?').fill('The queue was full');
    await found.getByRole('button', { name: 'Record' }).click();
    await shows(eve, /: justified\./);

    await say(eve, '/jit admin');
    await shows(eve, 'Active: 1');
    await eve.getByRole('button', { name: 'Freeze everything…' }).click();
    await eve.getByLabel('Why?').fill('A token has leaked');
    await eve.getByRole('button', { name: 'Freeze', exact: true }).click();
    await goTo(ben, directOf('U0BEN'));
    await shows(ben, /an administrator froze all access/);
    expect(await page.getByText(UNKNOWN).count()).toBe(0);
  });

  test('a shortcut on a message opens the form with its incident', async () => {
    await openPage();
    const ana = pane(0);
    await goTo(ana, 'C0INCIDENTS');
    await say(ana, 'Who looks at https://example.pagerduty.com/incidents/PINC4711 ?');
    const message = ana.locator('.message', { hasText: 'Who looks at' });
    await message.getByLabel('Message shortcuts').click();
    await message.getByRole('button', { name: 'Request access' }).click();
    await shows(ana.getByRole('dialog'), /Automatic/);
    expect(await ana.getByRole('dialog').getByLabel('For which incident?').inputValue()).toBe('PINC4711');
  });

  test('the world: a swapped shift, a PagerDuty outage and a restart all show', async () => {
    await openPage();
    const ana = pane(0);
    await page.getByLabel('Payments primary: hand over to').selectOption('PBEN');
    await ana.getByText('not on call', { exact: true }).waitFor();
    await page.getByLabel('PagerDuty is').selectOption('error_500');
    await ana.getByLabel(/^Message #/).fill('/jit');
    await ana.getByLabel(/^Message #/).press('Enter');
    await shows(ana.getByRole('dialog'), /PagerDuty answered with 500/);
    await ana.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await shows(page.locator('.incident'), 'resolved');

    await page.getByRole('button', { name: 'Kill it' }).click();
    await shows(page.locator('.world'), 'dead');
    await ana.getByLabel(/^Message #/).fill('/jit');
    await ana.getByLabel(/^Message #/).press('Enter');
    await shows(page.getByRole('alert'), /did not respond/);
    await page.getByRole('button', { name: 'Start it' }).click();
    await shows(page.locator('.world'), /running and connected/);
  });

  test('the world: access ends at the target while the database is locked', async () => {
    await openPage();
    const ana = pane(0);
    const form = await request(ana, { type: 'payments read', reason: 'Stuck payments' });
    await form.getByRole('button', { name: 'Request' }).click();
    await shows(form, 'Approved.');
    await page.keyboard.press('Escape');
    const made = page.locator('.world tr.made').filter({ has: page.locator('td.yes') });
    await made.first().waitFor();
    // Until the bot has written down all that it just did.
    await goTo(ana, directOf('U0ANA'));
    await shows(ana, /You have Payments database \(read\) until/);
    await page.getByRole('button', { name: 'Lock it for a minute' }).click();
    await shows(page.locator('.world'), 'locked');
    await page.getByRole('button', { name: '+4 h' }).click();
    await made.first().waitFor({ state: 'detached' });
    expect(await page.locator('.world').getByText('locked').count()).toBe(1);
    await page.getByRole('button', { name: 'Let go' }).click();
    await shows(ana, 'Payments database (read) has ended');
  });

  test('the world: people renamed, messages deleted, and nobody writes to the app', async () => {
    await openPage();
    const ana = pane(0);
    await page.getByLabel('Search: custom shift for').selectOption('PBEN');
    await page.getByLabel('Rename at Slack').selectOption('U0BEN');
    await page.getByLabel('New name').fill('Ben Adeyemi');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await ana.getByLabel('You are').selectOption({ label: 'Ben Adeyemi' });
    await ana.getByText('on call, level 1 for Search').waitFor();
    await ana.getByLabel(/^Message #/).fill('/jit oncall');
    await ana.getByLabel(/^Message #/).press('Enter');
    await shows(ana, /level 1 for Search/);

    await say(ana, 'not for the record');
    const message = ana.locator('.message', { hasText: 'not for the record' });
    await message.getByLabel('Message shortcuts').click();
    await message.getByRole('button', { name: 'Delete message' }).click();
    await message.waitFor({ state: 'detached' });

    await goTo(ana, directOf('U0BEN'));
    await shows(ana, 'Sending messages to this app has been turned off.');
    expect(await ana.getByLabel(/^Message /).count()).toBe(0);
  });

  test('on a phone, in the dark, the whole request fits and works by touch', async () => {
    await openPage({ width: 390, height: 780, colorScheme: 'dark' });
    const ana = pane(0);
    const form = await request(ana, { type: 'payments read', reason: 'Stuck payments' });
    await form.getByRole('button', { name: 'Request' }).click();
    await shows(form, 'Approved.');
    await form.getByRole('button', { name: 'Close' }).last().click();
    await ana.getByRole('button', { name: 'Channels' }).click();
    await goTo(ana, directOf('U0ANA'));
    await shows(ana, /You have Payments database \(read\) until/);
    const [width, background] = (await page.evaluate(
      '[document.documentElement.scrollWidth, getComputedStyle(document.documentElement).backgroundColor]',
    )) as [number, string];
    expect(width).toBeLessThanOrEqual(390);
    expect(background).not.toBe('rgb(255, 255, 255)');
  });

  test('on a phone, six taps lead from /jit to a copied credential', async () => {
    await openPage({ width: 390, height: 780 });
    const ana = pane(0);
    let taps = 0;
    const tap = async (what: Locator, times = 1) => {
      taps += 1;
      await what.click({ clickCount: times });
    };
    await say(ana, '/jit');
    const form = ana.getByRole('dialog');
    await tap(form.getByLabel('What do you need?'));
    await tap(form.getByRole('option', { name: 'Payments database (read)' }));
    await tap(form.getByLabel('Why?'));
    await page.keyboard.type('Stuck payments');
    await tap(form.getByRole('button', { name: 'Request', exact: true }));
    await tap(form.getByRole('button', { name: 'Get credentials' }));
    const line = page.locator('.modal pre', { hasText: 'postgres://' });
    // A long press selects the line.
    await tap(line, 3);
    expect(String(await page.evaluate('getSelection().toString()')).trim()).toMatch(/^postgres:\/\/jit_ana_\S+$/);
    expect(taps).toBe(6);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await page.getByText(UNKNOWN).count()).toBe(0);
  });

  test('a block or an element that the page does not know is named, not left out', async () => {
    await openPage();
    const { workspace } = running.sandbox.slack;
    const strange = [
      { type: 'banner', block_id: 'x' },
      { type: 'actions', block_id: 'y', elements: [{ type: 'slider', action_id: 'z' }] },
    ];
    workspace.post({
      channel: 'C0GENERAL',
      user: 'U0JIT',
      text: '',
      blocks: JSON.parse(JSON.stringify(strange)),
      metadata: null,
      threadTs: null,
      ephemeralTo: null,
    });
    await shows(page, `${UNKNOWN} blocks of type “banner”`);
    await shows(page, `${UNKNOWN} elements of type “slider”`);
  });

  test('every form element of Slack can be used, and its choice reaches the form', async () => {
    await openPage();
    const text = (value: string) => ({ type: 'plain_text' as const, text: value });
    const options = ['one', 'two'].map((value) => ({ text: text(value), value }));
    const input = (id: string, element: object) =>
      JSON.parse(
        JSON.stringify({ type: 'input', block_id: id, label: text(id), element: { action_id: id, ...element } }),
      );
    const open = running.sandbox.slack.workspace.openView(
      'U0ANA',
      {
        type: 'modal',
        title: text('Everything'),
        submit: text('Go'),
        blocks: [
          input('users', { type: 'users_select' }),
          input('channels', { type: 'channels_select' }),
          input('date', { type: 'datepicker' }),
          input('time', { type: 'timepicker' }),
          input('radio', { type: 'radio_buttons', options }),
          input('boxes', { type: 'checkboxes', options }),
          input('line', { type: 'plain_text_input' }),
        ],
      },
      null,
    );
    const form = pane(0).getByRole('dialog');
    await form.getByLabel('users').selectOption('U0BEN');
    await form.getByLabel('channels').selectOption('C0INCIDENTS');
    await form.getByLabel('date').fill('2026-12-24');
    await form.getByLabel('time').fill('09:30');
    await form.getByRole('radio').nth(1).check();
    await form.getByRole('checkbox').nth(0).check();
    await form.getByLabel('line').fill('hello');
    await expect
      .poll(() => Object.values(open.values).map((block) => Object.values(block)[0]), { timeout: PATIENCE })
      .toEqual([
        { type: 'users_select', selected_user: 'U0BEN' },
        { type: 'channels_select', selected_channel: 'C0INCIDENTS' },
        { type: 'datepicker', selected_date: '2026-12-24' },
        { type: 'timepicker', selected_time: '09:30' },
        { type: 'radio_buttons', selected_option: options[1] },
        { type: 'checkboxes', selected_options: [options[0]] },
        { type: 'plain_text_input', value: 'hello' },
      ]);
  });
});
