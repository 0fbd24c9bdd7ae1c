/** axe-core finds nothing on the sandbox's page, in any look, with its forms open. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { openWorkspacePage, violationsOn, type WorkspacePage } from '../support/workspacePage.ts';

const DESK = { width: 1600, height: 900 };
const PHONE = { width: 390, height: 780 };
const LOOKS = [
  ['desk, light', { ...DESK, colorScheme: 'light' }],
  ['desk, dark', { ...DESK, colorScheme: 'dark' }],
  ['phone, light', { ...PHONE, colorScheme: 'light' }],
  ['phone, dark', { ...PHONE, colorScheme: 'dark' }],
] as const;

/** A dozen screens a test, each looked at by axe. */
const TIMEOUT_MS = 120_000;

describe.skipIf(!chromiumPath)('axe finds nothing', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let workspace: WorkspacePage;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(() => workspace.close());

  /** What axe found, by where it looked. */
  let found: Record<string, string[]>;
  const look = async (where: string, page: Page) => {
    const violations = await violationsOn(page);
    if (violations.length > 0) found[where] = violations;
  };
  const asksForPayments = async (text: string) => {
    const form = workspace.page.getByRole('dialog');
    await form.locator('[data-action="request_role"]').pressSequentially('payments read');
    await form.getByRole('option').first().waitFor();
    await look('a form with its options', workspace.page);
    await form.locator('[data-action="request_role"]').press('Enter');
    await form.locator('textarea').fill(text);
    await look('a form that is filled in', workspace.page);
    await form.locator('button[type="submit"]').click();
    await form.locator('button[type="submit"]').waitFor({ state: 'detached' });
    await look('the answer to a form', workspace.page);
    await workspace.page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
  };
  /** On a phone the channels are behind a button. */
  const showChannels = async () => {
    const menu = workspace.page.getByRole('button', { name: 'Channels' });
    if (await menu.isVisible()) await menu.click();
  };
  const become = async (person: string) => {
    await showChannels();
    await workspace.page.getByLabel('You are').selectOption(person);
    await goTo('C0GENERAL');
  };
  const goTo = async (place: string) => {
    const { page } = workspace;
    const isThere = await page.locator('.sidebar').isVisible();
    if (!isThere) await showChannels();
    await page.locator(`[data-place="${place}"]`).click();
  };

  test.each(LOOKS)('on a request of one’s own: %s', async (_name, colours) => {
    found = {};
    workspace = await openWorkspacePage(browser, colours);
    const { page } = workspace;
    await look('the first page', page);
    await page.getByRole('button', { name: 'Be Ana and type /jit' }).click();
    await asksForPayments('Checkout is slow');
    await goTo('D0ANA');
    await page.locator('[data-action="grant_end"]').first().waitFor();
    await look('what the app told', page);
    await page.locator('[data-action="grant_end"]').first().click();
    await page.getByRole('alertdialog').waitFor();
    await look('a question', page);
    await page.keyboard.press('Escape');
    await goTo('home');
    await page.locator('.home .blocks').waitFor();
    await look('Home', page);
    if ((await page.locator('.world').count()) === 0) await page.getByRole('button', { name: 'The world' }).click();
    await page.locator('.world td.yes').first().waitFor();
    await look('the world', page);
    expect(found).toEqual({});
  });

  test.each(LOOKS)('on a review: %s', async (_name, colours) => {
    found = {};
    workspace = await openWorkspacePage(browser, colours);
    const { page, pane, say } = workspace;
    await become('U0BEN');
    await say(pane(0), '/jit');
    await asksForPayments('Customer 4411 was charged twice');
    await page.getByRole('button', { name: 'Two people' }).click();
    await look('two people', page);
    await page.getByRole('button', { name: 'Two people' }).click();
    await become('U0CHLOE');
    await goTo('C0ACCESS');
    await page.locator('[data-action="review_approve"]').first().waitFor();
    await look('a card', page);
    await page.locator('[data-action="review_deny"]').click();
    await page.getByRole('dialog').waitFor();
    await page.getByRole('dialog').locator('button[type="submit"]').click();
    await look('a form of a reviewer', page);
    await page.keyboard.press('Escape');
    expect(found).toEqual({});
  });
});
