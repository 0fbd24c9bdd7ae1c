import { expect, test } from 'vitest';
import type { Counted } from '../../src/domain/report.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { anchor, countChart, drawSvg, liveChart, perDayChart } from '../../src/report/charts.ts';
import { weekPicture } from '../../src/report/picture.ts';
import { MIDNIGHT } from '../support/figures.ts';

const SIZE = { width: 640, height: 160 };
const valuesOf = ({ data }: { data?: unknown }) => (data as { values: readonly Record<string, unknown>[] }).values;
const counted = (key: string, count: number, approval: 'automatic' | 'reviewed' = 'automatic') => ({
  ...({ key, count, marks: [] } satisfies Counted),
  approval,
});

test('accesses by day: a day with some leads to them, and one without leads nowhere', () => {
  const chart = perDayChart(
    [
      { day: '2026-01-15', approval: 'break_glass', count: 1 },
      { day: '2026-01-16', approval: 'automatic', count: 0 },
    ],
    SIZE,
  );
  expect(valuesOf(chart)).toEqual([
    { day: '2026-01-15', approval: 'break-glass', count: 1, link: '#day-2026-01-15' },
    { day: '2026-01-16', approval: 'automatic', count: 0, link: null },
  ]);
  expect(chart).toMatchObject({
    ...SIZE,
    mark: 'bar',
    encoding: {
      x: { field: 'day', timeUnit: 'utcyearmonthdate' },
      y: { field: 'count' },
      color: { field: 'approval', scale: { domain: ['automatic', 'approved', 'break-glass'] } },
      href: { field: 'link' },
    },
  });
});

test('each way in which access came about has a colour of its own', () => {
  const { encoding } = perDayChart([], SIZE) as { encoding?: { color?: { scale?: { range?: string[] } } } };
  const range = encoding?.color?.scale?.range ?? [];
  expect(new Set(range).size).toBe(3);
  for (const colour of range) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
});

test('active access is drawn by the reader’s clock, and the scale begins at one', () => {
  const live = [
    { at: MIDNIGHT, live: 0 },
    { at: MIDNIGHT + HOUR, live: 3 },
  ];
  const chart = liveChart(live, SIZE, 'America/New_York');
  expect(valuesOf(chart)).toEqual([
    { at: MIDNIGHT - 5 * HOUR, live: 0, link: '#live' },
    { at: MIDNIGHT - 4 * HOUR, live: 3, link: '#live' },
  ]);
  const most = (spec: object) => (spec as { encoding: { y: { scale: { domain: unknown } } } }).encoding.y.scale.domain;
  expect(most(chart)).toEqual([0, 3]);
  expect(most(liveChart([{ at: MIDNIGHT, live: 0 }], SIZE, 'UTC'))).toEqual([0, 1]);
  expect(chart).toMatchObject({
    mark: { type: 'area', interpolate: 'step-after' },
    encoding: { x: { field: 'at', scale: { type: 'utc' } }, y: { field: 'live' }, href: { field: 'link' } },
  });
});

test('the fifteen most used are in the chart, by all their uses, most first', () => {
  const many = Array.from({ length: 16 }, (_, index) => counted(`db/r${index}`, index + 1));
  const chart = countChart([...many, counted('db/r0', 30, 'reviewed')], 'role', 440);
  const keys = valuesOf(chart).map(({ key }) => key);
  expect(new Set(keys).size).toBe(15);
  expect(keys).toContain('db/r0');
  expect(keys).not.toContain('db/r1');
  expect(valuesOf(chart).filter(({ key }) => key === 'db/r0')).toEqual([
    { key: 'db/r0', count: 1, approval: 'automatic', link: '#role-db_2Fr0' },
    { key: 'db/r0', count: 30, approval: 'approved', link: '#role-db_2Fr0' },
  ]);
  const { encoding } = chart as { encoding?: { y?: { sort?: string[] } } };
  expect(encoding?.y?.sort?.slice(0, 2)).toEqual(['db/r0', 'db/r15']);
  expect(chart).toMatchObject({
    width: 440,
    mark: 'bar',
    encoding: { x: { field: 'count' }, color: { legend: null }, href: { field: 'link' } },
  });
});

test('a name is an address within the page, whatever it is made of', () => {
  expect(['db/read', 'Ana Kovač', 'a"b', 'x_y-z'].map(anchor)).toEqual([
    'db_2Fread',
    'Ana_20Kova_C4_8D',
    'a_22b',
    'x_y-z',
  ]);
});

test('a chart is drawn as SVG, with its links', async () => {
  const svg = await drawSvg(perDayChart([{ day: '2026-01-15', approval: 'automatic', count: 2 }], SIZE));
  expect(svg).toMatch(/^<svg/);
  expect(svg).toContain('#day-2026-01-15');
  expect(svg).toContain('#2f7d5d');
});

test('the week in one picture is a PNG, twice as large as it is shown', async () => {
  const png = await weekPicture({ perDay: [{ day: '2026-01-15', approval: 'automatic', count: 2 }] });
  const bytes = Buffer.from(png);
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.readUInt32BE(16)).toBeGreaterThanOrEqual(1_120);
  expect(bytes.readUInt32BE(20)).toBeGreaterThanOrEqual(440);
});
