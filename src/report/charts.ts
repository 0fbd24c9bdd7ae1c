/** Charts as SVG, drawn by Vega, which is loaded only when a report is made. */

import type { TopLevelSpec } from 'vega-lite';
import { asInUtc } from '../domain/calendar.ts';
import { APPROVALS, type Approval, type Summary } from '../domain/report.ts';
import { APPROVAL_NAMES, CHARTS } from '../wording/terminal/report.ts';

const FONT = 'PT Sans, Helvetica, Arial, sans-serif';
/** They differ in lightness too, for readers who cannot tell the colours apart. */
const COLOURS: Readonly<Record<Approval, string>> = {
  automatic: '#2f7d5d',
  reviewed: '#8fc1e3',
  break_glass: '#c0392b',
};

const colour = {
  field: 'approval',
  type: 'nominal',
  title: null,
  scale: {
    domain: APPROVALS.map((approval) => APPROVAL_NAMES[approval]),
    range: APPROVALS.map((approval) => COLOURS[approval]),
  },
  legend: { orient: 'top' },
} as const;

const common = {
  background: 'white',
  config: { font: FONT, view: { stroke: null }, axis: { labelFontSize: 11, titleFontSize: 11 } },
} as const;

const FIT = { type: 'fit-x', contains: 'padding' } as const;
const wholeNumbers = { tickMinStep: 1, format: 'd' } as const;

/** Grants that started, by day. */
export const perDayChart = (perDay: Summary['perDay'], size: { width: number; height: number }): TopLevelSpec => ({
  ...common,
  ...size,
  autosize: FIT,
  data: {
    values: perDay.map((one) => ({
      ...one,
      approval: APPROVAL_NAMES[one.approval],
      // A day without any leads nowhere.
      link: one.count > 0 ? `#day-${one.day}` : null,
    })),
  },
  mark: 'bar',
  encoding: {
    x: { field: 'day', type: 'temporal', timeUnit: 'utcyearmonthdate', title: null },
    y: { field: 'count', type: 'quantitative', title: CHARTS.begunAxis, axis: wholeNumbers },
    color: colour,
    href: { field: 'link' },
  },
});

/** How much was active at a time, in local time of `zone`. */
export const liveChart = (
  live: Summary['liveOverTime'],
  size: { width: number; height: number },
  zone: string,
): TopLevelSpec => ({
  ...common,
  ...size,
  autosize: FIT,
  data: { values: live.map((one) => ({ ...one, at: asInUtc(one.at, zone), link: '#live' })) },
  mark: { type: 'area', interpolate: 'step-after', color: COLOURS.automatic, opacity: 0.7 },
  encoding: {
    x: { field: 'at', type: 'temporal', scale: { type: 'utc' }, title: null },
    y: {
      field: 'live',
      type: 'quantitative',
      title: CHARTS.liveAxis,
      axis: wholeNumbers,
      scale: { domain: [0, Math.max(1, ...live.map((one) => one.live))] },
    },
    href: { field: 'link' },
  },
});

/** Maximum number of bars in a chart. The tables have the rest. */
const MOST_BARS = 15;

/** Grants by role or by person, largest first. */
export function countChart(counted: Summary['byRole'], prefix: string, width: number): TopLevelSpec {
  const totals = new Map<string, number>();
  for (const { key, count } of counted) totals.set(key, (totals.get(key) ?? 0) + count);
  const top = [...totals].sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS);
  const shown = top.map(([key]) => key);
  return {
    ...common,
    width,
    height: { step: 22 },
    data: {
      values: counted
        .filter(({ key }) => shown.includes(key))
        .map(({ key, count, approval }) => ({
          key,
          count,
          approval: APPROVAL_NAMES[approval],
          link: `#${prefix}-${anchor(key)}`,
        })),
    },
    mark: 'bar',
    encoding: {
      y: { field: 'key', type: 'nominal', sort: shown, title: null, axis: { labelLimit: 220 } },
      x: { field: 'count', type: 'quantitative', title: null, axis: wholeNumbers },
      color: { ...colour, legend: null },
      href: { field: 'link' },
    },
  };
}

/** A name as a fragment identifier of the page. */
export const anchor = (key: string): string => encodeURIComponent(key).replace(/[^A-Za-z0-9_-]/g, '_');

export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
