import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quantile, summarize } from '../../src/domain/report.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { figuresOf } from '../../src/ledger/history/figures.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { makeBigLedger } from '../support/bigLedger.ts';
import { chromiumPath, launchBrowser } from '../support/browser.ts';
import { jit } from '../support/cli.ts';

const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);
let directory: string;
let path: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-report-'));
  path = join(directory, 'jit.db');
  // Ten a day, for ten days.
  await makeBigLedger({ path, accesses: 100, people: 7, start: START, every: DAY / 10 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('what a report counts', () => {
  const figures = (from: number, to: number) => {
    const ledger = openLedgerToRead(path);
    const found = figuresOf(ledger, { from, to });
    ledger.close();
    return found;
  };

  test('each access once, in the period in which it began, by how it was approved', () => {
    const all = summarize(figures(START, START + 10 * DAY));
    expect(all.begun).toHaveLength(100);
    const { begun } = summarize(figures(START + 2 * DAY, START + 4 * DAY));
    expect(begun).toHaveLength(20);
    expect(begun.filter(({ approval }) => approval === 'reviewed')).toHaveLength(4);
    expect(all.begun.filter(({ approval }) => approval === 'break_glass')).toHaveLength(2);
    expect(all.perDay.filter(({ day }) => day === '2026-01-03').map(({ count }) => count)).toEqual([8, 2, 0]);
  });

  test('a period that begins and ends within a day counts both days', () => {
    const { begun, perDay } = summarize(figures(START + 15 * HOUR, START + 9 * DAY + 10 * HOUR));
    const days = [...new Set(perDay.map(({ day }) => day))];
    expect([days[0], days.at(-1), days.length]).toEqual(['2026-01-01', '2026-01-10', 10]);
    expect(perDay.reduce((sum, { count }) => sum + count, 0)).toBe(begun.length);
  });

  test('a day is a day of the reader’s calendar, also where clocks change', () => {
    const { begun, perDay } = summarize(figures(START, START + 10 * DAY), 'America/New_York');
    expect(perDay[0]?.day).toBe('2025-12-31');
    expect(perDay.reduce((sum, { count }) => sum + count, 0)).toBe(begun.length);
    const all = { ...figures(START, START + DAY), from: Date.UTC(2026, 9, 24), to: Date.UTC(2026, 9, 27), spans: [] };
    const days = [...new Set(summarize(all, 'Europe/Zagreb').perDay.map(({ day }) => day))];
    expect(days).toEqual(['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27']);
  });

  test('how long it took from request to access', () => {
    const { waits } = summarize(figures(START, START + 10 * DAY));
    expect(waits).toEqual([
      { approval: 'automatic', count: 80, median: 2_000, p95: 2_000 },
      { approval: 'reviewed', count: 18, median: 61_000, p95: 61_000 },
      { approval: 'break_glass', count: 2, median: 2_000, p95: 2_000 },
    ]);
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(quantile([], 0.5)).toBe(0);
  });

  test('what began earlier and is still active counts, and what ended does not', () => {
    const first = figures(START, START + 3_500);
    expect(summarize(first).live).toHaveLength(1);
    expect(first.spans).toHaveLength(1);
    expect(figures(START + MINUTE, START + 2 * MINUTE).spans).toEqual([]);
  });

  test('access whose password nobody fetched counts as unused', () => {
    const { unused } = summarize(figures(START, START + 10 * DAY));
    expect(unused.length).toBeGreaterThan(0);
    expect(unused.every(({ credential }) => !credential)).toBe(true);
  });
});

describe('jitbot report', () => {
  test('is one page that fetches nothing and links each figure to its events', async () => {
    const out = join(directory, 'report.html');
    const made = await jit(['report', path, '--from', '2026-01-01', '--to', '2026-01-11', '--out', out]);
    expect(made).toMatchObject({ code: 0, err: `${out}\n` });
    const page = readFileSync(out, 'utf8');
    expect(page).not.toMatch(/<script|src=|@import|url\(/);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(20);
    for (const id of targets) expect(page, `there is a place #${id}`).toContain(`id="${id}"`);
    expect(page).toContain('<b>100</b>grants started');
    expect(page).toContain('has service-0/read as jit_0');
    expect(page.match(/<svg/g)).toHaveLength(4);
  });

  test.skipIf(!chromiumPath)('shows no horizontal scroll bar on a phone, and prints on paper', async () => {
    const out = join(directory, 'phone.html');
    await jit(['report', path, '--from', '2026-01-01', '--to', '2026-01-11', '--out', out]);
    const browser = await launchBrowser();
    const phone = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const asked: string[] = [];
    phone.on('request', (request) => asked.push(request.url()));
    await phone.goto(`file://${out}`);
    expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(asked).toEqual([`file://${out}`]);
    expect((await phone.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
    await browser.close();
  });

  test('both of its days are in it, in the reader’s time zone', async () => {
    const begun = async (TZ: string) =>
      /<b>(\d+)<\/b>grants started/.exec(
        (await jit(['report', path, '--from', '2026-01-01', '--to', '2026-01-01'], { TZ })).out,
      )?.[1];
    expect(await begun('UTC')).toBe('10');
    // There the day begins five hours later: the accesses of 00:00 to 04:48 were on the day before.
    expect(await begun('America/New_York')).toBe('10');
    const { out } = await jit(['report', path, '--from', '2025-12-31', '--to', '2025-12-31'], {
      TZ: 'America/New_York',
    });
    expect(out).toContain('<b>3</b>grants started');
    expect(out).toContain('those of America/New_York');
    expect(out).toContain('id="day-2025-12-31"');
  });

  test('a last day without a midnight ends where the next day begins', async () => {
    const spring = join(directory, 'spring.db');
    // Cairo's 24th begins at 01:00, which is 22:00 of the 23rd in UTC, and ends at 21:00.
    await makeBigLedger({ path: spring, accesses: 30, people: 2, start: Date.UTC(2026, 3, 23, 21, 30), every: HOUR });
    const { out } = await jit(['report', spring, '--from', '2026-04-24', '--to', '2026-04-24'], { TZ: 'Africa/Cairo' });
    expect(out).toContain('<b>23</b>grants started');
    expect(out).not.toContain('id="day-2026-04-25"');
  });

  test('a name that is HTML stays text', async () => {
    const hostile = join(directory, 'hostile.db');
    await makeBigLedger({
      path: hostile,
      accesses: 1,
      people: 1,
      start: START,
      every: DAY,
      name: '<script>alert(1)</script>',
    });
    const { out } = await jit(['report', hostile, '--from', '2026-01-01', '--to', '2026-01-11']);
    expect(out).toContain('&lt;script&gt;');
    expect(out).not.toContain('<script');
  });

  test('an empty period makes a page, and a wrong one is an error', async () => {
    const empty = await jit(['report', path, '--from', '2025-01-01', '--to', '2025-01-11']);
    expect(empty).toMatchObject({ code: 0, out: expect.stringContaining('Nobody has access') });
    const wrong = await jit(['report', path, '--from', '2026-02-01', '--to', '2026-01-11']);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('--from must be before --to') });
    const long = await jit(['report', path, '--from', '0001-01-01', '--to', '9999-01-01']);
    expect(long).toMatchObject({ code: 2, err: expect.stringContaining('a report covers ten years at most') });
    const nowhere = await jit(['report', path, '--out', join(directory, 'none', 'r.html')]);
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('cannot be written') });
  });
});
