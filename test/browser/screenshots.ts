/**
 * `npm run screenshots`: every screen at a desk and on a phone, light and dark, into `reports/screenshots`, to be looked at one
 * by one. Those that the documents show are copied to `docs/screenshots`.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../support/browser.ts';
import { type Look, openWorkspacePage } from '../support/workspacePage.ts';
import { createStage, wholeStory } from './story.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const ALL = root('reports/screenshots/');
const SHOWN = root('docs/screenshots/');

const DESK = { width: 1500, height: 860 };
const PHONE = { width: 390, height: 780 };
const LOOKS: Readonly<Record<string, Look>> = {
  'desk-light': { ...DESK, colorScheme: 'light' },
  'desk-dark': { ...DESK, colorScheme: 'dark' },
  'phone-light': { ...PHONE, colorScheme: 'light' },
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
};

/** The pictures in the documents, by the screen that each is. */
const PICTURES: Readonly<Record<string, string>> = {
  'first-page': 'desk-light/first-page',
  request: 'desk-light/request-reviewed',
  review: 'desk-light/review',
  approved: 'desk-light/approved-requester',
  'break-glass': 'desk-light/break-glass',
  admin: 'desk-light/admin',
  audit: 'desk-light/audit',
  'phone-request': 'phone-dark/request-automatic',
  'phone-granted': 'phone-dark/granted',
  'phone-home': 'phone-light/home',
};

// The page's types are taken out by a part of Node that still calls itself experimental.
process.removeAllListeners('warning');
const only = process.argv[2];
rmSync(ALL, { recursive: true, force: true });
const browser = await launchBrowser();
for (const [look, settings] of Object.entries(LOOKS)) {
  if (only && only !== look) continue;
  mkdirSync(`${ALL}${look}`, { recursive: true });
  const workspace = await openWorkspacePage(browser, settings);
  await wholeStory(
    createStage(workspace, async (name) => {
      await workspace.page.evaluate('document.fonts.ready');
      await workspace.page.screenshot({ path: `${ALL}${look}/${name}.png` });
    }),
  );
  await workspace.close();
}
await browser.close();
if (!only)
  for (const [name, screen] of Object.entries(PICTURES)) copyFileSync(`${ALL}${screen}.png`, `${SHOWN}${name}.png`);
process.stdout.write(`Every screen is in ${ALL}\n`);
process.exit(0);
