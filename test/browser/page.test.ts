/** The sandbox's page itself: its first minute, its focus and its emoji, in a real browser. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningSandbox, runSandbox } from '../../src/sandbox/run.ts';
import { EMOJI } from '../../src/sandbox/web/page/emoji.ts';
import { serveWorkspace, type WebServer } from '../../src/sandbox/web/server.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { type Look, openPageOf, type WorkspacePage } from '../support/workspacePage.ts';

const HOUR = 3_600_000;
const PHONE = { width: 390, height: 780 };

const NO_THREAD = { metadata: null, threadTs: null, ephemeralTo: null };
const TIMEOUT_MS = 60_000;

describe.skipIf(!chromiumPath)('the page', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let sandbox: RunningSandbox;
  let web: WebServer;
  let workspace: WorkspacePage;
  beforeAll(async () => {
    browser = await launchBrowser();
    sandbox = await runSandbox();
    web = await serveWorkspace(sandbox);
  });
  afterEach(async () => {
    await workspace.leave();
    sandbox.sandbox.slack.workspace.views.clear();
  });
  afterAll(async () => {
    await browser.close();
    await web.close();
    await sandbox.close();
  });

  const open = async (look?: Look) => {
    workspace = await openPageOf(sandbox, web, browser, look);
    return workspace;
  };
  const text = (value: string) => ({ type: 'plain_text' as const, text: value });
  const input = (block: string, action: string) => ({
    type: 'input' as const,
    block_id: block,
    label: text(action),
    element: { type: 'plain_text_input' as const, action_id: action },
  });
  const form = (...blocks: ReturnType<typeof input>[]) => ({
    type: 'modal' as const,
    title: text('A form'),
    submit: text('Go'),
    blocks,
  });
  const focusedAction = () => workspace.page.evaluate('document.activeElement?.dataset.action ?? null');

  test('its first step opens the form as Ana, with the focus in the first field', async () => {
    const { page, pane } = await open();
    await page.getByRole('button', { name: 'Be Ana and type /jit' }).click();
    await pane(0).getByRole('dialog').locator('[data-action="request_role"]:focus').waitFor();
  });

  test('its second step shows Ben, and Chloé where she is asked', async () => {
    const { page, pane } = await open();
    await page.getByRole('button', { name: 'Be Ben and Chloé side by side' }).click();
    expect(await pane(0).getByLabel('You are').inputValue()).toBe('U0BEN');
    expect(await pane(1).getByLabel('You are').inputValue()).toBe('U0CHLOE');
    expect(await pane(1).locator('.bar h2').textContent()).toBe('# access-requests');
  });

  test('its third step moves the clock by an hour', async () => {
    const { page, running } = await open();
    const before = running.clock.now();
    const shown = await page.locator('.now').textContent();
    await page.getByRole('button', { name: 'Jump an hour' }).click();
    await page.locator('.now', { hasNotText: shown ?? '' }).waitFor();
    expect(running.clock.now() - before).toBeGreaterThanOrEqual(HOUR);
  });

  test('on a phone its steps and the world are in reach of the thumb', async () => {
    const { page } = await open(PHONE);
    for (const name of ['Be Ana and type /jit', 'Be Ben and Chloé side by side', 'Jump an hour'])
      expect((await page.getByRole('button', { name }).boundingBox())?.height).toBeGreaterThanOrEqual(40);
    await page.getByRole('button', { name: 'The world' }).click();
    await page.getByRole('heading', { name: 'What logins can really do' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
  });

  test('it draws each emoji in colour, from the font that it brings', async () => {
    const { page } = await open();
    await page.evaluate("document.fonts.load('20px Emoji', '🔑')");
    const grey = await page.evaluate(`(${JSON.stringify(Object.entries(EMOJI))}).filter(([, sign]) => {
      const draw = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      draw.font = '32px Emoji';
      draw.fillText(sign, 10, 50);
      const { data } = draw.getImageData(0, 0, 100, 100);
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] + data[at + 1] + data[at + 2] > 0) return false;
      return true;
    }).map(([name]) => name)`);
    expect(grey).toEqual([]);
  });

  test('what is typed stays, letter by letter, while the page is drawn again', async () => {
    const { pane, running } = await open();
    const { workspace: slack } = running.sandbox.slack;
    slack.openView('U0ANA', form(input('why', 'why')), null);
    const field = pane(0).locator('[data-action="why"]');
    const letters = 'checkout is slow';
    for (const letter of letters) {
      await field.press(letter === ' ' ? 'Space' : letter);
      slack.changed();
    }
    expect(await field.inputValue()).toBe(letters);
    expect(await focusedAction()).toBe('why');
  });

  test('a form that changes keeps the focus on the field of the same name', async () => {
    const { pane, running } = await open();
    const { workspace: slack } = running.sandbox.slack;
    const view = slack.openView('U0ANA', form(input('a1', 'first'), input('b1', 'second')), null);
    await pane(0).locator('[data-action="second"]').focus();
    slack.showView(view, form(input('a2', 'first'), input('b2', 'second')));
    await pane(0).locator('[data-block="b2"] [data-action="second"]:focus').waitFor();
  });

  test('a form that drops the focused field keeps the focus, and opens no list', async () => {
    const { pane, running } = await open();
    const { workspace: slack } = running.sandbox.slack;
    const view = slack.openView('U0ANA', form(input('a1', 'first'), input('b1', 'second')), null);
    await pane(0).locator('[data-action="second"]').focus();
    slack.showView(view, form(input('a1', 'first')));
    await pane(0).locator('.modal:focus').waitFor();
    expect(await focusedAction()).toBeNull();
  });

  test('a form of one person takes no focus from the other, who is typing', async () => {
    const { page, pane, running } = await open();
    await page.getByRole('button', { name: 'Two people' }).click();
    const box = pane(0).getByRole('textbox', { name: /^Message / });
    await box.focus();
    running.sandbox.slack.workspace.openView('U0CHLOE', form(input('why', 'why')), null);
    await pane(1).getByRole('dialog').waitFor();
    await box.pressSequentially('hello');
    expect(await box.inputValue()).toBe('hello');
  });

  test('Escape closes a list, then its form, and the focus is back in the message box', async () => {
    const { page, pane, say } = await open();
    await say(pane(0), '/jit');
    const dialog = pane(0).getByRole('dialog');
    await dialog.getByRole('listbox').waitFor();
    await page.keyboard.press('Escape');
    await dialog.getByRole('listbox').waitFor({ state: 'detached' });
    expect(await dialog.count()).toBe(1);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await pane(0).locator('.composer input:focus').waitFor();
  });

  test('Escape closes a form also after a click on its text', async () => {
    const { page, pane, running } = await open();
    running.sandbox.slack.workspace.openView('U0ANA', form(input('why', 'why')), null);
    await pane(0).getByRole('heading', { name: 'A form' }).click();
    await page.keyboard.press('Escape');
    await pane(0).getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('Escape closes a menu, and gives the focus back to its button', async () => {
    const { page, pane } = await open();
    await pane(0).getByLabel('Shortcuts', { exact: true }).click();
    await pane(0).locator('.composer .menu').waitFor();
    await page.keyboard.press('Escape');
    await pane(0).locator('.composer .menu').waitFor({ state: 'hidden' });
    await pane(0).locator('.composer summary:focus').waitFor();
  });

  test('behind an open form nothing can be reached with the keyboard', async () => {
    const { page, pane, running } = await open({ width: 800 });
    running.sandbox.slack.workspace.openView('U0ANA', form(input('why', 'why')), null);
    await pane(0).getByRole('dialog').waitFor();
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate("document.activeElement.closest('.beneath') !== null")).toBe(false);
    }
  });

  test('a last message that grows by an edit stays in sight, for whoever was at the end', async () => {
    const { page, pane, running } = await open(PHONE);
    const { workspace: slack } = running.sandbox.slack;
    const post = (words: string) =>
      slack.post({ channel: 'C0INCIDENTS', user: 'U0ANA', text: words, blocks: [], ...NO_THREAD });
    for (let line = 0; line < 20; line++) post(`Line ${line}`);
    const last = post('The last one');
    await pane(0).getByRole('button', { name: 'Channels' }).click();
    await pane(0).locator('[data-place="C0INCIDENTS"]').click();
    await pane(0).getByText('The last one').waitFor();
    last.text = 'Many words '.repeat(60);
    slack.changed();
    await pane(0).getByText('Many words').waitFor();
    const below = await page.evaluate(
      "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('.messages'))",
    );
    expect(below).toBeLessThanOrEqual(1);
  });

  test('the chat of the app has no box to type into, as in Slack', async () => {
    const { pane } = await open();
    await pane(0).locator('[data-place="D0ANA"]').click();
    await pane(0).getByText('Sending messages to this app has been turned off.').waitFor();
    expect(await pane(0).getByRole('textbox').count()).toBe(0);
  });
});
