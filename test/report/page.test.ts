/** The page that an auditor gets: each number, who holds what, and the events behind it. */

import { describe, expect, test } from 'vitest';
import type { Figures } from '../../src/domain/report.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { reportPage } from '../../src/report/page.ts';
import { aSpan, MIDNIGHT, someFigures } from '../support/figures.ts';

const page = (more: Partial<Figures> = {}, zone = 'UTC') =>
  reportPage({
    figures: someFigures(more),
    lineOf: async (seq) => `event ${seq} & <co>`,
    madeAt: MIDNIGHT + 50 * HOUR + 5 * MINUTE,
    zone,
  });
const tile = (html: string, id: string) =>
  new RegExp(`<li( class="alarm")?><a href="#${id}"><b>(\\d+)</b>([^<]*)</a></li>`).exec(html)?.slice(1);
/** The events behind a figure: what it is called, how many there are, and those that are listed. */
const behind = (html: string, id: string) => {
  const section = new RegExp(`<section><h3 id="${id}">(.*?): (\\d+)</h3>(.*?)</section>`).exec(html);
  if (!section) return null;
  const [, title, count, rest = ''] = section;
  return {
    title,
    count: Number(count),
    listed: [...rest.matchAll(/<li>event (\d+)/g)].map(([, seq]) => Number(seq)),
    more: /<p class="soft">(.*?)<\/p>/.exec(rest)?.[1],
  };
};
const tableAfter = (html: string, title: string) => {
  const table = html.slice(html.indexOf(title)).match(/<table>.*?<\/table>/)?.[0] ?? '';
  return [...table.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd]( class="n")?>(.*?)<\/t[hd]>/g)].map(
      ([, isNumber, cell = '']) => `${isNumber ? '#' : ''}${cell.replace(/<[^>]*>/g, '')}`,
    ),
  );
};
const mark = (seq: number) => ({ seq, at: MIDNIGHT });
const marks = (count: number) => Array.from({ length: count }, (_, index) => mark(index + 1));

describe('the head of the page', () => {
  test('says its period, when it was made, and its last event of the ledger', async () => {
    const html = await page();
    expect(html).toContain('<title>Access from 2026-01-15 to 2026-01-16</title>');
    expect(html).toContain('2026-01-15 00:00 UTC to 2026-01-17 00:00 UTC');
    expect(html).toContain('Made 2026-01-17 02:05 UTC');
    expect(html).toContain('up to event 900, with hash <code>abc</code>');
    expect(html).toContain('Times and days are in UTC.');
  });

  test('says so where the ledger has nothing of that time', async () => {
    expect(await page({ head: null })).toContain('The ledger has no event before the end of this period.');
  });

  test('has the times and days of its reader', async () => {
    const html = await page({ spans: [aSpan()] }, 'America/New_York');
    expect(html).toContain('2026-01-14 19:00 EST to 2026-01-16 19:00 EST');
    expect(html).toContain('are those of America/New_York.');
    expect(behind(html, 'day-2026-01-14')).toMatchObject({ title: '2026-01-14', count: 1 });
  });
});

describe('the figures', () => {
  const full = someFigures({
    requests: 7,
    spans: [
      aSpan({ seq: 1, credential: true }),
      aSpan({ grantId: 'G2', seq: 2, to: null }),
      aSpan({ grantId: 'G3', seq: 3, approval: 'reviewed' }),
      aSpan({ grantId: 'G4', seq: 4, approval: 'reviewed' }),
      aSpan({ grantId: 'G5', seq: 5, approval: 'reviewed' }),
      aSpan({ grantId: 'G6', seq: 6, approval: 'break_glass' }),
    ],
    denied: marks(2),
    overdue: [mark(20)],
    drift: [mark(21), mark(22), mark(23)],
    signals: [mark(24), mark(25)],
    unreviewed: [mark(26)],
    reviews: [
      { ...mark(30), reviewer: { slackId: 'U0C', name: 'C' }, verdict: 'approve', after: 5 * SECOND - 1 },
      { ...mark(31), reviewer: { slackId: 'U0C', name: 'C' }, verdict: 'approve', after: 5 * SECOND },
    ],
  });

  const TILES = [
    ['begun', '6', 'grants started', false],
    ['automatic', '2', 'automatic', false],
    ['reviewed', '3', 'approved', false],
    ['break_glass', '1', 'break-glass', false],
    ['live', '1', 'active at the end', false],
    ['denied', '2', 'denied, of 7 requests', false],
    ['unused', '5', 'never used', false],
    ['overdue', '1', 'overdue', true],
    ['hasty', '1', 'reviews in under 5 s', true],
    ['unreviewed', '1', 'break-glass not reviewed', true],
    ['drift', '3', 'differences at targets', true],
    ['signals', '2', 'unusual requests or reviews', false],
  ] as const;
  test('are counted, and what somebody should look at is an alarm', async () => {
    const html = await page(full);
    for (const [id, count, label, isAlarming] of TILES)
      expect(tile(html, id), id).toEqual([isAlarming ? ' class="alarm"' : undefined, count, label]);
  });

  test('none of what is an alarm is none', async () => {
    const html = await page();
    for (const id of ['overdue', 'hasty', 'unreviewed', 'drift'])
      expect(tile(html, id)?.slice(0, 2), id).toEqual([undefined, '0']);
  });

  const BEHIND = [
    ['begun', 'Grants started', [6, 5, 4, 3, 2, 1]],
    ['automatic', 'Grants: automatic', [2, 1]],
    ['reviewed', 'Grants: approved', [5, 4, 3]],
    ['break_glass', 'Grants: break-glass', [6]],
    ['live', 'Active at the end', [2]],
    ['denied', 'Denied', [2, 1]],
    ['unused', 'Never used: the role comes with a password, and nobody asked for it', [6, 5, 4, 3, 2]],
    ['overdue', 'Overdue', [20]],
    ['hasty', 'Reviews in under 5 s', [30]],
    ['unreviewed', 'Break-glass that nobody has reviewed', [26]],
    ['drift', 'Differences at targets', [23, 22, 21]],
    ['signals', 'Unusual requests or reviews', [25, 24]],
    ['day-2026-01-15', '2026-01-15', [6, 5, 4, 3, 2, 1]],
    ['role-db_2Fread', 'db/read', [6, 5, 4, 3, 2, 1]],
    ['person-Ana', 'Ana', [6, 5, 4, 3, 2, 1]],
  ] as const;
  test('lead to their events, the newest first', async () => {
    const html = await page(full);
    for (const [id, title, seqs] of BEHIND)
      expect(behind(html, id), id).toEqual({ title, count: seqs.length, listed: seqs, more: undefined });
  });

  test('nothing behind a figure is no list', async () => {
    expect(await page()).toContain('<section><h3 id="denied">Denied: 0</h3></section>');
  });

  test('over 200 events of a figure are not listed, nor over 20 of a day or person', async () => {
    const spans = marks(21).map(({ seq }) => aSpan({ grantId: `G${seq}`, seq }));
    const html = await page({ denied: marks(201), drift: marks(200), spans });
    expect(behind(html, 'denied')).toMatchObject({ count: 201, more: expect.stringContaining('newest 200 of 201') });
    expect(behind(html, 'denied')?.listed).toHaveLength(200);
    expect(behind(html, 'denied')?.listed[0]).toBe(201);
    expect(behind(html, 'drift')).toMatchObject({ count: 200, more: undefined });
    expect(behind(html, 'begun')?.listed).toHaveLength(21);
    for (const id of ['day-2026-01-15', 'role-db_2Fread', 'person-Ana']) {
      expect(behind(html, id)).toMatchObject({ count: 21, more: expect.stringContaining('newest 20 of 21') });
      expect(behind(html, id)?.listed).toHaveLength(20);
    }
  });

  test('what is said of an event stays text', async () => {
    expect(await page({ denied: [mark(3)] })).toContain('<li>event 3 &amp; &lt;co&gt;</li>');
  });
});

describe('the tables', () => {
  test('how long it took from request to access, in seconds as far as those matter', async () => {
    const begun = (grantId: string, seq: number, after: number) =>
      aSpan({ grantId, seq, from: MIDNIGHT + HOUR, requestedAt: MIDNIGHT + HOUR - after });
    const spans = [
      begun('G1', 1, 1_500),
      { ...begun('G2', 2, 100 * SECOND), approval: 'reviewed' as const },
      { ...begun('G3', 3, 100 * SECOND - 100), approval: 'break_glass' as const },
    ];
    expect(tableAfter(await page({ spans }), 'From request to access')).toEqual([
      ['', '#grants', '#median', '#95 of 100 within'],
      ['automatic', '#1', '#1.5 s', '#1.5 s'],
      ['approved', '#1', '#2 min', '#2 min'],
      ['break-glass', '#1', '#99.9 s', '#99.9 s'],
    ]);
    expect(await page()).toContain('<h2>From request to access</h2><p>None in this period.</p>');
  });

  test('who holds what at the end, and since when', async () => {
    const spans = [
      aSpan({ to: null, person: { slackId: 'U1', name: 'A <b> & "C"' }, role: 'db/<read>', grantId: 'G<1>' }),
      aSpan({ grantId: 'G2', to: null, approval: 'reviewed', from: MIDNIGHT - HOUR }),
    ];
    const html = await page({ spans });
    expect(tableAfter(html, 'Who has access at 2026-01-17 00:00 UTC')).toEqual([
      ['person', 'role', 'how', 'since', 'grant'],
      ['A &lt;b&gt; &amp; &quot;C&quot;', 'db/&lt;read&gt;', 'automatic', '2026-01-15 01:00 UTC', 'G&lt;1&gt;'],
      ['Ana', 'db/read', 'approved', '2026-01-14 23:00 UTC', 'G2'],
    ]);
    expect(html).not.toMatch(/<read>|<b> &|G<1>/);
    const there = tableAfter(await page({ spans }, 'America/New_York'), 'Who has access');
    expect(there[1]?.[3]).toBe('2026-01-14 20:00 EST');
    expect(await page()).toContain('<p>Nobody has access.</p>');
  });

  test('of more than 200 who hold something, the rest are counted', async () => {
    const held = (count: number) => marks(count).map(({ seq }) => aSpan({ grantId: `G${seq}`, seq, to: null }));
    const [some, many] = await Promise.all([page({ spans: held(200) }), page({ spans: held(202) })]);
    expect(tableAfter(some, 'Who has access')).toHaveLength(201);
    expect(some).not.toContain('more.</p>');
    expect(tableAfter(many, 'Who has access')).toHaveLength(201);
    expect(many).toContain('<p class="soft">And 2 more.</p>');
  });

  test('what each role was used for and by whom, by how it came about, the most first', async () => {
    const ben = { slackId: 'U0BEN', name: 'Ben' };
    const spans = [
      aSpan({ grantId: 'G1', seq: 1 }),
      aSpan({ grantId: 'G2', seq: 2, role: 'db/write', approval: 'reviewed', person: ben }),
      aSpan({ grantId: 'G3', seq: 3, role: 'db/write', approval: 'break_glass', person: ben }),
      aSpan({ grantId: 'G4', seq: 4, role: 'db/write', approval: 'reviewed' }),
    ];
    const html = await page({ spans });
    expect(tableAfter(html, '<h2>By role</h2>')).toEqual([
      ['role', '#automatic', '#approved', '#break-glass', '#all'],
      ['db/write', '#0', '#2', '#1', '#3'],
      ['db/read', '#1', '#0', '#0', '#1'],
    ]);
    expect(tableAfter(html, '<h2>By person</h2>')).toEqual([
      ['person', '#automatic', '#approved', '#break-glass', '#all'],
      ['Ana', '#1', '#1', '#0', '#2'],
      ['Ben', '#0', '#1', '#1', '#2'],
    ]);
    expect(html).toContain('<a href="#role-db_2Fwrite">3</a>');
    expect(html).toContain('<a href="#person-Ben">2</a>');
  });

  test('of more than 200 roles the most used are there', async () => {
    const spans = [...marks(201), mark(202)].map(({ seq }) =>
      aSpan({ grantId: `G${seq}`, seq, role: `db/r${seq === 202 ? 201 : seq}` }),
    );
    const rows = tableAfter(await page({ spans }), '<h2>By role</h2>');
    expect(rows).toHaveLength(201);
    expect(rows[1]).toEqual(['db/r201', '#2', '#0', '#0', '#2']);
  });

  test('nothing used is said to be so', async () => {
    expect((await page()).match(/<p>None in this period\.<\/p>/g)).toHaveLength(3);
  });
});

test('the page has its four titled charts, and a target for each of its links', async () => {
  const html = await page({ spans: [aSpan(), aSpan({ grantId: 'G2', seq: 2, from: MIDNIGHT + 30 * HOUR, to: null })] });
  expect([...html.matchAll(/<figure><h2>(.*?)<\/h2><svg/g)].map(([, title]) => title)).toEqual([
    'Grants started',
    'Active access',
    'By role',
    'By person',
  ]);
  const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  expect(links).toEqual(expect.arrayContaining(['day-2026-01-15', 'day-2026-01-16', 'role-db_2Fread', 'person-Ana']));
  for (const id of links) expect(html, id).toContain(`id="${id}"`);
});
