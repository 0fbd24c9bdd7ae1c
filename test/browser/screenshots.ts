import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { runSandbox } from '../../src/sandbox/run.ts';
import { serveWorkspace } from '../../src/sandbox/web/server.ts';
import { launchBrowser } from '../support/browser.ts';

/** `npm run screenshots`: the pictures of the main stories that the README shows. */

const OUT = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
mkdirSync(OUT, { recursive: true });
const browser = await launchBrowser();
const running = await runSandbox();
const web = await serveWorkspace(running);

async function open(width: number, height: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(web.address);
  await page.locator('.pane').first().waitFor();
  return page;
}
const shoot = (page: Page, name: string) => page.screenshot({ path: `${OUT}${name}.png` });

async function fill(where: Locator, what: string, why: string): Promise<Locator> {
  await where.getByLabel(/^Message #/).fill('/jit');
  await where.getByLabel(/^Message #/).press('Enter');
  const form = where.getByRole('dialog');
  await form.getByLabel('What do you need?').pressSequentially(what);
  await form.getByRole('listbox').getByRole('option').first().waitFor();
  await form.getByLabel('What do you need?').press('Enter');
  await form
    .getByText(/Approved at once|Needs |Would be denied/)
    .first()
    .waitFor();
  await form.getByLabel('Why?').fill(why);
  return form;
}

const phone = await open(390, 780, 'dark');
await fill(phone.locator('.pane'), 'payments read', 'Checkout is slow, looking for stuck payments');
await shoot(phone, 'phone-request');
await phone.getByRole('button', { name: 'Request' }).click();
await phone.getByText('Approved.').waitFor();
await phone.getByRole('button', { name: 'Close' }).last().click();
await phone.getByRole('button', { name: 'Channels' }).click();
await phone.locator('[data-place="D0ANA"]').click();
await phone
  .getByText(/You have Payments database: read until/)
  .first()
  .waitFor();
await shoot(phone, 'phone-granted');
await phone.close();

const desk = await open(1500, 860);
await desk.getByRole('button', { name: 'Two people' }).click();
const [ben, chloe] = [desk.locator('.pane').nth(0), desk.locator('.pane').nth(1)];
await ben.getByLabel('You are').selectOption('U0BEN');
const form = await fill(ben, 'payments read', 'Customer 4411 was charged twice, checking their rows');
await shoot(desk, 'request');
await form.getByRole('button', { name: 'Request' }).click();
await form.getByText('They have been asked').waitFor();
await desk.keyboard.press('Escape');
await ben.locator('[data-place="D0BEN"]').click();
await chloe.locator('[data-place="C0ACCESS"]').click();
await chloe.getByRole('button', { name: /1 reply/ }).click();
await chloe.getByRole('button', { name: 'Approve', exact: true }).waitFor();
await shoot(desk, 'review');
await chloe.getByRole('button', { name: 'Approve', exact: true }).click();
await chloe
  .locator('.thread')
  .getByText(/Access is active until/)
  .first()
  .waitFor();
await ben
  .getByText(/You have Payments database: read until/)
  .first()
  .waitFor();
await shoot(desk, 'approved');
await chloe.locator('[data-place="C0AUDIT"]').click();
await ben
  .getByText(/You have Payments database/)
  .first()
  .waitFor();
await desk.locator('.world tr.made').first().waitFor();
await shoot(desk, 'audit');

// Ben breaks the glass; Eve, who has to review it, sees who holds what.
const say = async (where: Locator, text: string) => {
  await where
    .getByRole('textbox', { name: /^Message / })
    .first()
    .fill(text);
  await where
    .getByRole('textbox', { name: /^Message / })
    .first()
    .press('Enter');
};
await chloe.getByLabel('You are').selectOption('U0EVE');
await chloe.locator('[data-place="C0ACCESS"]').click();
await ben.locator('[data-place="C0GENERAL"]').click();
await say(ben, '/jit break-glass payments admin 20m Checkout is down and the queue has to be cleared');
await chloe
  .getByText(/Break-glass:/)
  .first()
  .waitFor();
await chloe
  .getByRole('button', { name: /1 reply/ })
  .nth(1)
  .click();
await chloe
  .getByText(/please look at this use/)
  .first()
  .waitFor();
await ben.locator('[data-place="D0BEN"]').click();
await ben
  .getByText(/You have Payments database: admin until/)
  .first()
  .waitFor();
await shoot(desk, 'break-glass');
await chloe.getByRole('button', { name: 'Close thread' }).click();
await say(chloe, '/jit admin');
await chloe
  .getByText(/Live: /)
  .first()
  .waitFor();
await shoot(desk, 'admin');
await desk.close();

const home = await open(390, 780);
await home.getByRole('button', { name: 'Channels' }).click();
await home.locator('[data-place="home"]').click();
await home.getByText('What you could ask for now').waitFor();
await shoot(home, 'phone-home');

await browser.close();
await web.close();
await running.close();
process.stdout.write(`Screenshots are in ${OUT}\n`);
process.exit(0);
