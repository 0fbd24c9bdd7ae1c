/** The alert rules, the dashboard, the runbooks and the page on metrics say what the bot really does. */

import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createGauges } from '../../src/metrics/gauges.ts';
import { createMeter } from '../../src/metrics/meter.ts';
import { ALARMS } from '../../src/wording/reasons/alarms.ts';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const meter = createMeter();
createGauges(meter.registry);
const METRICS = meter.registry.getMetricsAsArray().map(({ name }) => name);
/** Histograms are read by their parts. */
const known = (name: string): boolean =>
  METRICS.includes(name) || METRICS.includes(name.replace(/_(bucket|count|sum)$/, ''));
const metricsIn = (text: string): string[] => text.match(/jitbot_[a-z0-9_]+/g) ?? [];
const headings = [...read('runbooks.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ runbook: z.string() }) })),
    }),
  ),
});
const rules = rulesSchema.parse(load(read('monitoring/alerts.yml'))).groups.flatMap((group) => group.rules);
const dashboardSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});
const panels = dashboardSchema.parse(JSON.parse(read('monitoring/dashboard.json'))).panels;

describe('every alert', () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for metrics that there are',
    (_name, { expr }) => {
      expect(metricsIn(expr).length).toBeGreaterThan(0);
      expect(metricsIn(expr).filter((name) => !known(name))).toEqual([]);
    },
  );

  test.each(rules.map((rule) => [rule.alert, rule] as const))('%s has a runbook', (_name, { annotations }) => {
    const [file, heading] = annotations.runbook.split('#');
    expect(file).toBe('docs/runbooks.md');
    expect(headings).toContain(heading);
  });
});

test('there is an alert for every alarm that the bot raises by itself', () => {
  const told = rules.map(({ annotations }) => annotations.runbook.split('#')[1]);
  expect(Object.keys(ALARMS).filter((kind) => !told.includes(kind))).toEqual([]);
});

test('a bot that is gone is missed also where another one answers', () => {
  expect(rules.find(({ alert }) => alert === 'JitbotGone')?.expr).toContain('up{job="jitbot"} == 0');
});

test.each(panels.map((panel) => [panel.title, panel] as const))(
  'the panel "%s" asks for metrics that there are',
  (_t, { targets }) => {
    const names = targets.flatMap(({ expr }) => metricsIn(expr));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known(name))).toEqual([]);
  },
);

test('every alarm of the bot has a runbook under its name', () => {
  expect(Object.keys(ALARMS).filter((kind) => !headings.includes(kind))).toEqual([]);
});

test('the page names every metric of the bot, and no other', () => {
  const own = METRICS.map((name) => name.replace(/^jitbot_/, '')).filter((name) => !/^(process|nodejs)_/.test(name));
  const table =
    read('monitoring.md')
      .match(/^\| `.*$/gm)
      ?.join('\n') ?? '';
  const named = [...table.matchAll(/`([a-z_]+)(?:\{[^`]*\})?`/g)].flatMap(([, name]) => name ?? []);
  expect(own.filter((name) => !named.includes(name))).toEqual([]);
});
