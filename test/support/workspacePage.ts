/** The sandbox with its page open in a real browser, for tests of the page itself. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { type RunningSandbox, runSandbox } from '../../src/sandbox/run.ts';
import { serveWorkspace, type WebServer } from '../../src/sandbox/web/server.ts';

export interface WorkspacePage {
  readonly page: Page;
  readonly running: RunningSandbox;
  pane(index: number): Locator;
  /** Says something, or types a command, where the pane is. */
  say(pane: Locator, text: string): Promise<void>;
  /** Closes the page. The sandbox stays. */
  leave(): Promise<void>;
  /** Closes the page and its sandbox. */
  close(): Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

const PATIENCE_MS = 60_000;

/** A sandbox of its own. */
export async function openWorkspacePage(browser: Browser, look: Look = {}): Promise<WorkspacePage> {
  const running = await runSandbox();
  return openPageOf(running, await serveWorkspace(running), browser, look);
}

/** A page of a sandbox that is there already. */
export async function openPageOf(
  running: RunningSandbox,
  web: WebServer,
  browser: Browser,
  { width = 1440, height = 900, colorScheme = 'light' }: Look = {},
): Promise<WorkspacePage> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(web.address);
  await page.locator('.pane').first().waitFor();
  const leave = () => page.close();
  return {
    page,
    running,
    pane: (index) => page.locator('.pane').nth(index),
    async say(pane, text) {
      const box = pane.getByRole('textbox', { name: /^Message / }).first();
      await box.fill(text);
      await box.press('Enter');
    },
    leave,
    async close() {
      await leave();
      await web.close();
      await running.close();
    },
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Everything that axe objects to on the page as it stands, a line each: the rule, the element, and why. */
export async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 120)} ${failureSummary ?? ''}`),
  );
}
