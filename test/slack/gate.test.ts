/** Whatever comes from people or from PagerDuty, Slack takes what the bot makes of it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { messageBlocks, viewSchema } from '../../src/sandbox/slack/blockKit.ts';
import { button, context, plain, plainText, quote, section } from '../../src/slack/kit/blocks.ts';
import { fittingFetch, withinSlack } from '../../src/slack/link/gate.ts';
import { cutMarkup } from '../../src/slack/link/markup.ts';

const long = fc
  .tuple(fc.constantFrom('&', '<', '>', 'a', '🧯', '`', '*', '\u202e', ' '), fc.integer({ min: 0, max: 12_000 }))
  .map(([one, count]) => one.repeat(count));
const anyText = fc.oneof(long, fc.string({ maxLength: 300 }), fc.constant(''));

const block = fc.oneof(
  anyText.map((text) => section(plain(text))),
  anyText.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
  fc.array(anyText, { maxLength: 14 }).map((all) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: 'x' },
    ...(all.length > 0 && { fields: all.map((text) => ({ type: 'mrkdwn', text: plain(text) })) }),
  })),
  anyText.map((text) => context(text)),
  anyText.map((text) => quote(text)),
  anyText.map((text) => ({ type: 'header', text: { type: 'plain_text', text } })),
  fc.array(anyText, { maxLength: 40 }).map((all) => ({
    type: 'actions',
    elements: all.map((text, index) => button(text, `a${index}`, 'v', { url: `https://x.example/${text}` })),
  })),
);
const input = fc
  .array(fc.tuple(anyText, fc.string({ maxLength: 200 })), { minLength: 1, maxLength: 130 })
  .map((all) => ({
    type: 'input',
    label: plainText(all[0]?.[0] ?? '', 9_000),
    element: {
      type: 'static_select',
      action_id: 'a',
      options: [
        { text: plainText('one'), value: 'one' },
        ...all.map(([text, value]) => ({ text: plainText(text), value })),
      ],
    },
  }));

test('Slack accepts every message that passes the gate', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 70 }), anyText, (blocks, text) => {
      const sent = withinSlack({ channel: 'C1', text, blocks });
      const problems = messageBlocks.safeParse(sent.blocks).error?.issues;
      expect(problems).toBeUndefined();
      expect(String(sent.text).length).toBeLessThanOrEqual(4_000);
    }),
    { numRuns: 150 },
  );
});

test('Slack accepts every form that passes the gate', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(block, input), { minLength: 1, maxLength: 130 }), anyText, (blocks, title) => {
      const view = { type: 'modal', title: { type: 'plain_text', text: title }, submit: plainText('Go', 24), blocks };
      const sent = withinSlack({ trigger_id: 't', view }).view;
      const isEmpty = blocks.every((one) => one.type === 'actions' && 'elements' in one && one.elements.length === 0);
      if (!isEmpty) expect(viewSchema.safeParse(sent).error?.issues).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('a cut is shown, and what fits goes as it is', () => {
  const blocks = Array.from({ length: 60 }, (_, index) => section(`part ${index}`));
  const sent = JSON.stringify(withinSlack({ blocks }));
  expect(sent).toContain('part 48');
  expect(sent).not.toContain('part 49');
  expect(sent).toContain('and 11 more parts');
  const small = { channel: 'C1', text: 'hello', blocks: blocks.slice(0, 50), metadata: { event_type: 'x' } };
  expect(withinSlack(small)).toEqual(small);
});

test('a text is cut before escaping: no half escape, mention or emoji', () => {
  for (let length = 5; length < 40; length += 1) {
    const cut = cutMarkup(`${'&amp;'.repeat(20)}`, length);
    expect(cut.length).toBeLessThanOrEqual(length);
    expect(cut).toMatch(/^(?:&amp;)*…$/);
    expect(cutMarkup(`Ask <@U0ANA> and <@U0BEN> and everybody else there is`, length)).toMatch(
      /^[^<]*(?:<@U0[A-Z]+>[^<]*)*…$/,
    );
  }
  expect(plain('&'.repeat(9_000))).toMatch(/^(?:&amp;)+…$/);
  expect(plain('&'.repeat(9_000)).length).toBeLessThanOrEqual(1_500);
});

test('plain text is cut anywhere, and markup before an open mark', () => {
  const open = `${'x'.repeat(2_990)}<@U0ANA and on`;
  const shown = (type: string) =>
    JSON.stringify(withinSlack({ blocks: [{ type: 'section', text: { type, text: open } }] }));
  expect(shown('mrkdwn')).not.toContain('<');
  expect(shown('plain_text')).toContain('<@U0ANA');
});

test.each([
  ['<@U0ANA>', 5, '…'],
  ['<'.padEnd(300, 'x'), 200, '…'],
  // What is that long is no markup of the bot’s.
  ['<'.padEnd(300, 'x'), 201, `${'<'.padEnd(200, 'x')}…`],
  [`🧯🧯${'x'.repeat(20)}`, 10, '🧯🧯xxxxx…'],
])('%j in %i letters', (text, length, shown) => {
  expect(cutMarkup(text, length)).toBe(shown);
});

test('what is not a block or an element is left out', () => {
  const line = section('here');
  const actions = { type: 'actions', elements: ['x', null, [line], button('Go', 'a', 'v')] };
  const { blocks } = withinSlack({ blocks: ['x', null, 3, [line], line, actions] });
  expect(blocks).toEqual([line, { type: 'actions', elements: [button('Go', 'a', 'v')] }]);
  for (const view of ['x', null, [line]]) expect(withinSlack({ view })).toEqual({ view });
});

test('only a button’s label is short, and rich text keeps its text only', () => {
  const long = { type: 'plain_text', text: 'x'.repeat(100) };
  const texts = ['button', 'workflow_button'].map((type) => {
    const sent = JSON.stringify(withinSlack({ blocks: [{ type: 'actions', elements: [{ type, text: long }] }] }));
    return /x{9,}/.exec(sent)?.[0].length;
  });
  expect(texts).toEqual([74, 100]);
  const link = { type: 'link', url: 'https://x.example', text: '' };
  const rich = { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [link] }] };
  expect(withinSlack({ blocks: [rich] }).blocks).toEqual([rich]);
});

test('what had no room is counted, never read as markup', () => {
  const blocks = Array.from({ length: 52 }, () => section('part'));
  const sent = withinSlack({ blocks }).blocks;
  const words = 'and 3 more parts that one message has no room for';
  expect(Array.isArray(sent) && sent.at(-1)).toEqual({
    type: 'context',
    elements: [{ type: 'mrkdwn', text: words, verbatim: true }],
  });
});

test('answers to response addresses fit too', async () => {
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (_to: unknown, init?: RequestInit) => void sent.push(init));
  const post = (body: string) => fittingFetch('https://x.example', { method: 'POST', body });
  await post(JSON.stringify({ text: 'x'.repeat(5_000), replace_original: true }));
  await post('no JSON');
  await fittingFetch('https://x.example');
  vi.unstubAllGlobals();
  const text = `${'x'.repeat(3_999)}…`;
  expect(sent).toEqual([
    { method: 'POST', body: JSON.stringify({ text, replace_original: true }) },
    { method: 'POST', body: 'no JSON' },
    undefined,
  ]);
});

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('sandbox'))
  .map((file) => ({ file, source: readFileSync(join(SRC, file), 'utf8') }));

test.each([
  ['a client of the Web API', /extends webApi\.WebClient|new [\w.]*WebClient\(/, ['slack/link/clients.ts']],
  ['a Bolt app', /\bbolt\.App\(|import \{[^}]*\bApp\b[^}]*\} from '[^']*\/bolt\.ts'/, ['slack/app.ts']],
  ['a call to an address of Slack', /response_url|slack\.com\/api\/[a-z]/, []],
])('only one place makes %s, so nothing goes round the gate', (_what, made, allowed) => {
  expect(sources.filter(({ source }) => made.test(source)).map(({ file }) => file)).toEqual(allowed);
});
