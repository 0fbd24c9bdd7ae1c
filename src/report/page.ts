/** One page that needs nothing else: styles, charts and the events behind every figure are in it. */

import { DateTime } from 'luxon';
import { dayOf } from '../domain/calendar.ts';
import { type AccessSpan, APPROVALS, type Figures, type Mark, type Summary, summarize } from '../domain/report.ts';
import { durationText, type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { APPROVAL_NAMES, BEHIND, CHARTS, REPORT_PAGE, TABLES, TILES } from '../wording/terminal/report.ts';
import { anchor, countChart, drawSvg, liveChart, perDayChart } from './charts.ts';

/** Events listed for one figure; the rest are in the ledger. */
const MOST_EVENTS = 200;
/** The same, where there is a list for each day, role or person. */
const MOST_EVENTS_EACH = 20;
const CHART = { width: 640, height: 160 };

export interface PageInput {
  readonly figures: Figures;
  /** An event in plain words. */
  readonly lineOf: (seq: number) => Promise<string>;
  readonly madeAt: Instant;
  /** Where days begin and end, and what times are written in. */
  readonly zone: string;
}

export async function reportPage({ figures, lineOf, madeAt, zone }: PageInput): Promise<string> {
  const times = timesIn(zone);
  const summary = summarize(figures, zone);
  const [perDay, live, byRole, byPerson] = await Promise.all([
    drawSvg(perDayChart(summary.perDay, CHART)),
    drawSvg(liveChart(summary.liveOverTime, CHART, zone)),
    drawSvg(countChart(summary.byRole, 'role', CHART.width - 200)),
    drawSvg(countChart(summary.byPerson, 'person', CHART.width - 200)),
  ]);
  const parts = [
    header(figures, madeAt, times),
    tiles(figures, summary),
    chart(CHARTS.begun, perDay),
    chart(CHARTS.live, live),
    waitTable(summary),
    holdersTable(summary.live, figures.to, times),
    chart(CHARTS.byRole, byRole),
    totals(summary.byRole, 'role'),
    chart(CHARTS.byPerson, byPerson),
    totals(summary.byPerson, 'person'),
    `<h1 id="events">${BEHIND.head}</h1>`,
    ...(await Promise.all(behindAll(figures, summary, times).map((one) => behind(one, lineOf)))),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${REPORT_PAGE.title(times.day(figures.from), times.day(figures.to - 1))}</title>
<style>${STYLE}</style>
</head>
<body>
${parts.join('\n')}
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; --ink: #1d2522; --soft: #5b6864; --line: #d6ddda; --paper: #fff; --alarm: #a93226; }
* { box-sizing: border-box; }
body { font: 15px/1.5 "PT Sans", system-ui, Helvetica, Arial, sans-serif; color: var(--ink); background: var(--paper); max-width: 52rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 2rem 0 .25rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p.soft, .soft { color: var(--soft); } code { font-size: .9em; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; padding: 0; margin: 1rem 0; list-style: none; }
.tiles a { display: block; height: 100%; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .5rem; color: inherit; text-decoration: none; }
.tiles b { display: block; font-size: 1.4rem; line-height: 1.2; } .tiles .alarm b { color: var(--alarm); }
figure { margin: 1.25rem 0; break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; } th, td { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; } .wide { overflow-x: auto; }
ol.events { list-style: none; padding: 0; font-size: .85rem; } ol.events li { padding: .15rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
section { break-inside: auto; } a { color: #14573f; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; } .tiles { grid-template-columns: repeat(4, 1fr); } #events { break-before: page; } a { color: inherit; text-decoration: none; } h2, h3 { break-after: avoid; } tr, li { break-inside: avoid; } }
`;

const safe = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
/** How the page writes times, where its reader is. */
interface Times {
  readonly zone: string;
  readonly day: (at: Instant) => string;
  readonly moment: (at: Instant) => string;
}

const timesIn = (zone: string): Times => ({
  zone,
  day: (at) => dayOf(at, zone),
  moment: (at) => DateTime.fromMillis(at, { zone }).setLocale('en').toFormat('yyyy-MM-dd HH:mm ZZZZ'),
});

/** Seconds matter here, unlike in messages to people. */
const wait = (ms: Millis): string => (ms < 100 * SECOND ? `${(ms / SECOND).toFixed(1)} s` : durationText(ms));

function header({ from, to, head }: Figures, madeAt: Instant, { moment, zone }: Times): string {
  const ledger = head
    ? `${REPORT_PAGE.ledger(head.seq)} <code>${head.hash}</code>. ${REPORT_PAGE.ledgerCheck('<code>jitbot ledger verify</code>')}`
    : REPORT_PAGE.noEvents;
  return `<h1>${REPORT_PAGE.head}</h1><p>${REPORT_PAGE.period(moment(from), moment(to))}<br><span class="soft">${REPORT_PAGE.madeAt(moment(madeAt))} ${ledger} ${REPORT_PAGE.note(zone)}</span></p>`;
}

function tiles(figures: Figures, summary: Summary): string {
  const kinds = APPROVALS.map((approval) => {
    const count = summary.begun.filter((span) => span.approval === approval).length;
    return tile(approval, count, APPROVAL_NAMES[approval]);
  });
  const alarming = (id: string, marks: readonly unknown[], label: string) =>
    tile(id, marks.length, label, marks.length > 0);
  const all = [
    tile('begun', summary.begun.length, TILES.begun),
    ...kinds,
    tile('live', summary.live.length, TILES.live),
    tile('denied', figures.denied.length, TILES.denied(figures.requests)),
    tile('unused', summary.unused.length, TILES.unused),
    alarming('overdue', figures.overdue, TILES.overdue),
    alarming('hasty', summary.hasty, TILES.hasty),
    alarming('unreviewed', figures.unreviewed, TILES.unreviewed),
    alarming('drift', figures.drift, TILES.drift),
    tile('signals', figures.signals.length, TILES.signals),
    ...(ranCanary(figures) ? [alarming('canary', figures.canary.failed, TILES.canary(canaryRuns(figures)))] : []),
  ];
  return `<ul class="tiles">${all.join('')}</ul>`;
}

const canaryRuns = ({ canary }: Figures): number => canary.passed + canary.failed.length;
const ranCanary = (figures: Figures): boolean => canaryRuns(figures) > 0;

const tile = (id: string, count: number, label: string, isAlarming = false): string =>
  `<li${isAlarming ? ' class="alarm"' : ''}><a href="#${id}"><b>${count}</b>${label}</a></li>`;

const chart = (title: string, svg: string): string => `<figure><h2>${title}</h2>${svg}</figure>`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide"><table><thead><tr>${head.map((cell, index) => `<th${isNumber(index, rows) ? ' class="n"' : ''}>${cell}</th>`).join('')}</tr></thead><tbody>${rows
    .map(
      (row) =>
        `<tr>${row.map((cell, index) => `<td${isNumber(index, rows) ? ' class="n"' : ''}>${cell}</td>`).join('')}</tr>`,
    )
    .join('')}</tbody></table></div>`;

/** Every number leads to the events behind it. */
const isNumber = (column: number, rows: readonly (readonly string[])[]): boolean =>
  rows.every((row) => /^<a[^>]*>\d/.test(row[column] ?? ''));

function waitTable({ waits }: Summary): string {
  const rows = waits.map(({ approval, count, median, p95 }) => [
    APPROVAL_NAMES[approval],
    `<a href="#${approval}">${count}</a>`,
    `<a href="#${approval}">${wait(median)}</a>`,
    `<a href="#${approval}">${wait(p95)}</a>`,
  ]);
  return `<h2>${TABLES.waits}</h2>${rows.length > 0 ? table(TABLES.waitColumns, rows) : `<p>${REPORT_PAGE.none}</p>`}`;
}

function holdersTable(live: readonly AccessSpan[], to: Instant, { moment }: Times): string {
  const rows = live
    .slice(0, MOST_EVENTS)
    .map((span) => [
      safe(span.person.name),
      `<code>${safe(span.role)}</code>`,
      APPROVAL_NAMES[span.approval],
      moment(span.from),
      `<a href="#live"><code>${safe(span.grantId)}</code></a>`,
    ]);
  const more = live.length > MOST_EVENTS ? `<p class="soft">${REPORT_PAGE.more(live.length - MOST_EVENTS)}</p>` : '';
  return `<h2>${TABLES.holders(moment(to))}</h2>${rows.length > 0 ? table(TABLES.holderColumns, rows) + more : `<p>${TABLES.nobody}</p>`}`;
}

function totals(grouped: Summary['byRole'], prefix: 'role' | 'person'): string {
  const rows = [...Map.groupBy(grouped, ({ key }) => key)]
    .map(([key, all]) => ({ key, all, total: all.reduce((sum, { count }) => sum + count, 0) }))
    .sort((a, b) => b.total - a.total)
    .slice(0, MOST_EVENTS)
    .map(({ key, all, total }) => {
      const link = (count: number) => `<a href="#${prefix}-${anchor(key)}">${count}</a>`;
      return [
        safe(key),
        ...APPROVALS.map((approval) => link(all.find((one) => one.approval === approval)?.count ?? 0)),
        link(total),
      ];
    });
  if (rows.length === 0) return `<p>${REPORT_PAGE.none}</p>`;
  return table([prefix, ...APPROVALS.map((approval) => APPROVAL_NAMES[approval]), TABLES.all], rows);
}

interface Behind {
  readonly id: string;
  readonly title: string;
  readonly marks: readonly Pick<Mark, 'seq'>[];
  readonly most: number;
}

function behindAll(figures: Figures, summary: Summary, { day: dayIn }: Times): Behind[] {
  const one = (id: string, title: string, marks: readonly Pick<Mark, 'seq'>[], most = MOST_EVENTS): Behind => ({
    id,
    title,
    marks,
    most,
  });
  const grouped = (prefix: string, spans: Summary['byRole']) =>
    [...Map.groupBy(spans, ({ key }) => key)].map(([key, all]) =>
      one(
        `${prefix}-${anchor(key)}`,
        safe(key),
        all.flatMap(({ marks }) => marks),
        MOST_EVENTS_EACH,
      ),
    );
  const byDay = [...Map.groupBy(summary.begun, (span) => dayIn(span.from))].map(([day, spans]) =>
    one(`day-${day}`, day, spans, MOST_EVENTS_EACH),
  );
  return [
    one('begun', BEHIND.begun, summary.begun),
    ...APPROVALS.map((approval) =>
      one(
        approval,
        BEHIND.kind(approval),
        summary.begun.filter((span) => span.approval === approval),
      ),
    ),
    one('live', BEHIND.live, summary.live),
    one('denied', BEHIND.denied, figures.denied),
    one('unused', BEHIND.unused, summary.unused),
    one('overdue', BEHIND.overdue, figures.overdue),
    one('hasty', BEHIND.hasty, summary.hasty),
    one('unreviewed', BEHIND.unreviewed, figures.unreviewed),
    one('drift', BEHIND.drift, figures.drift),
    one('signals', BEHIND.signals, figures.signals),
    ...(ranCanary(figures) ? [one('canary', BEHIND.canary, figures.canary.failed)] : []),
    ...byDay,
    ...grouped('role', summary.byRole),
    ...grouped('person', summary.byPerson),
  ];
}

async function behind({ id, title, marks, most }: Behind, lineOf: PageInput['lineOf']): Promise<string> {
  const seqs = marks.map(({ seq }) => seq).sort((a, b) => b - a);
  const shown = seqs.slice(0, most);
  const more =
    seqs.length > most
      ? `<p class="soft">${BEHIND.newest(most, seqs.length)} ${BEHIND.rest(['<code>jitbot audit</code>', '<code>jitbot ledger export</code>'])}</p>`
      : '';
  const lines = await Promise.all(shown.map(lineOf));
  const list = lines.map((line) => `<li>${safe(line)}</li>`).join('');
  return `<section><h3 id="${id}">${title}: ${seqs.length}</h3>${more}${list ? `<ol class="events">${list}</ol>` : ''}</section>`;
}
