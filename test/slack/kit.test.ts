/** The small parts that messages and forms are made of: nobody's words become ours, and nothing is longer than Slack takes. */

import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import {
  button,
  code,
  context,
  mrkdwn,
  plain,
  plainText,
  quote,
  section,
  time,
  timeIn,
} from '../../src/slack/kit/blocks.ts';
import { endButton } from '../../src/slack/kit/buttons.ts';
import { codeBlocks, enrolModal } from '../../src/slack/kit/codeForms.ts';
import { commentInput } from '../../src/slack/kit/commentInput.ts';
import { drawn, mentions } from '../../src/slack/kit/drawn.ts';
import { readMoment, readOption, readText } from '../../src/slack/kit/formValues.ts';
import { ends, roleLabel } from '../../src/slack/kit/labels.ts';
import { createLatest } from '../../src/slack/kit/openViews.ts';
import { looksLikeWhen, resolveTimes, takeDuration, takeWhen } from '../../src/slack/kit/when.ts';
import { withinSlack } from '../../src/slack/link/gate.ts';
import { cutMarkup } from '../../src/slack/link/markup.ts';
import { code as codePiece, people, points, say, strong, time as timePiece } from '../../src/wording/pieces.ts';

describe('somebody else’s words', () => {
  test.each([
    ['<@U0EVE> & <!here>', '&lt;@U0EVE&gt; &amp; &lt;!here&gt;'],
    ['*bold* ~gone~ `code`', 'bold gone code'],
    ['_slanted_ and payments_db', 'slanted and payments_db'],
    ['a\n\tb\u0007c', 'a b c'],
    [':white_check_mark: done', ':\u2060white_check_mark: done'],
    ['at 12:30: late', 'at 12:\u206030: late'],
    ['a\u202eb', 'ab'],
    ['x&amp;y', 'x&amp;amp;y'],
    ['1\u00a0h', '1\u00a0h'],
    ['a\u00a0\u00a0b\u00a0', 'a b '],
  ])('%j are shown as %j', (text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  test.each([
    ['x'.repeat(1_500), 'x'.repeat(1_500)],
    ['x'.repeat(1_501), `${'x'.repeat(1_499)}…`],
    // Escapes count, and none is cut in half.
    ['&'.repeat(1_500), `${'&amp;'.repeat(299)}…`],
  ])('are at most 1500 letters as they are sent: %#', (text, shown) => {
    expect(plain(text)).toBe(shown);
    expect(plain(text).length).toBeLessThanOrEqual(1_500);
  });

  test('may be given less room', () => {
    expect(plain('x'.repeat(11), 10)).toBe(`${'x'.repeat(9)}…`);
  });

  test('in a name that machines know lose what would end it', () => {
    expect(code('db`/<read>&\u0000\u202e')).toBe('`db/read`');
  });

  test('in a quote are nothing but text, and where there are none that is said', () => {
    const textOf = (text: string) => JSON.stringify(quote(text));
    expect(quote('*a* <b>')).toEqual({
      type: 'rich_text',
      elements: [{ type: 'rich_text_quote', elements: [{ type: 'text', text: '*a* <b>' }] }],
    });
    expect(textOf('\u200b')).toContain('(no reason given)');
  });
});

describe('parts of a message', () => {
  test.each<[string, (text: string) => string, number]>([
    ['text', (text) => mrkdwn(text).text, 3_000],
    ['a section', (text) => section(text).text?.text ?? '', 3_000],
    ['a line of context', (text) => JSON.stringify(context(text)).replace(/^.*"text":"|","verbatim.*$/g, ''), 2_000],
    ['a button', (text) => button(text, 'a', 'v').text.text, 75],
    ['an option', (text) => plainText(text).text, 75],
    ['a title', (text) => plainText(text, 24).text, 24],
  ])('%s is as long as Slack takes it', (_name, make, most) => {
    expect(make('x'.repeat(most))).toBe('x'.repeat(most));
    expect(make('x'.repeat(most + 1))).toBe(`${'x'.repeat(most - 1)}…`);
  });

  test('make no links and no emoji of their own', () => {
    expect([mrkdwn('x').verbatim, plainText('x').emoji]).toEqual([true, false]);
  });

  test('a section has an id only where it was given one', () => {
    expect(section('x', 'b')).toMatchObject({ block_id: 'b' });
    expect(section('x')).not.toHaveProperty('block_id');
  });

  test('a button says what it does, with what, and may be dangerous', () => {
    expect(button('End', 'end', 'G1', { style: 'danger' })).toEqual({
      type: 'button',
      text: plainText('End'),
      action_id: 'end',
      value: 'G1',
      style: 'danger',
    });
  });

  test('the button that ends access asks first', () => {
    expect(endButton('G1')).toMatchObject({ action_id: 'grant_end', value: 'G1', style: 'danger', confirm: {} });
    expect(endButton('G1', 'I’m done').text.text).toBe('I’m done');
  });

  test('a code may be typed with a space in it, and a comment is of some length', () => {
    expect(codeBlocks(true)).toMatchObject([{ optional: false, element: { min_length: 6, max_length: 7 } }]);
    expect(codeBlocks(true, true)).toMatchObject([{ optional: true }]);
    expect(commentInput('Why', 'x').element).toMatchObject({ multiline: true, max_length: 500 });
    expect([commentInput('Why', 'x').optional, commentInput('Why', 'x', true).optional]).toEqual([false, true]);
  });

  test('somebody without codes is offered to set them up above the field', () => {
    expect(codeBlocks(false)).toMatchObject([{ accessory: { action_id: 'factor_enrol' } }, { block_id: 'code' }]);
  });

  test('a secret is shown in groups of four, and its address whole', () => {
    const text = JSON.stringify(enrolModal({ secret: 'ABCDEFGHIJ', uri: 'otpauth://totp/x' }, false));
    expect(text).toContain('"ABCD EFGH IJ"');
    expect(text).toContain('otpauth://totp/x');
    expect(JSON.stringify(enrolModal({ secret: 'ABCDEFGH', uri: 'x' }, false))).toContain('"ABCD EFGH"');
  });
});

describe('cutting our own markup', () => {
  test.each([
    ['short', 5, 'short'],
    ['short!', 5, 'shor…'],
    ['ab🧯c', 4, 'ab…'],
    ['ab&amp;', 5, 'ab…'],
    ['ab&amp;', 7, 'ab&amp;'],
    ['a <@U0ANA> b', 8, 'a …'],
    ['a <@U0ANA> bcd', 12, 'a <@U0ANA> …'],
    ['a <!date^1^x|y> b', 10, 'a …'],
    // A bracket that is far away is nobody's mention.
    [`<${'x'.repeat(300)}`, 250, `<${'x'.repeat(248)}…`],
    [`${'y'.repeat(50)}<${'x'.repeat(300)}`, 249, `${'y'.repeat(50)}…`],
  ])('%j to %i', (text, length, shown) => {
    expect(cutMarkup(text, length)).toBe(shown);
  });
});

describe('what passes to Slack', () => {
  const options = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ text: plainText('x'), value: String(index) }));
  const elementOf = (element: object) => {
    const { blocks } = withinSlack({ blocks: [{ type: 'actions', elements: [{ type: 'x', ...element }] }] });
    return JSON.parse(JSON.stringify(blocks))[0].elements[0];
  };
  const blockOf = (block: object) => JSON.parse(JSON.stringify(withinSlack({ blocks: [block] }).blocks))[0];
  const text = (length: number, type = 'plain_text') => ({ type, text: 'x'.repeat(length) });

  test.each<[string, (length: number) => unknown, number]>([
    ['a text', (length) => blockOf({ type: 'section', text: text(length, 'mrkdwn') }).text.text, 3_000],
    ['a field', (length) => blockOf({ type: 'section', fields: [text(length)] }).fields[0].text, 2_000],
    ['a header', (length) => blockOf({ type: 'header', text: text(length) }).text.text, 150],
    ['context', (length) => blockOf({ type: 'context', elements: [text(length)] }).elements[0].text, 2_000],
    ['a label', (length) => blockOf({ type: 'input', label: text(length) }).label.text, 2_000],
    ['a hint', (length) => blockOf({ type: 'input', hint: text(length) }).hint.text, 2_000],
    ['a button', (length) => elementOf({ type: 'button', text: text(length) }).text.text, 75],
    ['a placeholder', (length) => elementOf({ placeholder: text(length) }).placeholder.text, 150],
    ['a question before a click', (length) => elementOf({ confirm: { title: text(length) } }).confirm.title.text, 100],
    ['its words', (length) => elementOf({ confirm: { text: text(length) } }).confirm.text.text, 300],
    ['its yes', (length) => elementOf({ confirm: { confirm: text(length) } }).confirm.confirm.text, 30],
    ['its no', (length) => elementOf({ confirm: { deny: text(length) } }).confirm.deny.text, 30],
    ['an option', (length) => elementOf({ options: [{ text: text(length) }] }).options[0].text.text, 75],
    [
      'its description',
      (length) => elementOf({ options: [{ description: text(length) }] }).options[0].description.text,
      75,
    ],
    [
      'what is chosen already',
      (length) => elementOf({ initial_option: { text: text(length) } }).initial_option.text.text,
      75,
    ],
    [
      'what stands in a field already',
      (length) => elementOf({ initial_value: 'x'.repeat(length) }).initial_value,
      3_000,
    ],
    [
      'the same, in a shorter field',
      (length) => elementOf({ initial_value: 'x'.repeat(length), max_length: 500 }).initial_value,
      500,
    ],
    ['the words of a message', (length) => withinSlack({ text: 'x'.repeat(length) }).text, 4_000],
    [
      'the title of a form',
      (length) => JSON.parse(JSON.stringify(withinSlack({ view: { title: text(length) } }))).view.title.text,
      24,
    ],
    [
      'its yes',
      (length) => JSON.parse(JSON.stringify(withinSlack({ view: { submit: text(length) } }))).view.submit.text,
      24,
    ],
    [
      'an error of a form',
      (length) => JSON.parse(JSON.stringify(withinSlack({ errors: { a: 'x'.repeat(length) } }))).errors.a,
      2_000,
    ],
  ])('%s has room for as much as Slack takes', (_name, make, most) => {
    expect(make(most)).toBe('x'.repeat(most));
    expect(make(most + 1)).toBe(`${'x'.repeat(most - 1)}…`);
  });

  test.each<[string, (count: number) => unknown[], number]>([
    [
      'fields',
      (count) => blockOf({ type: 'section', fields: Array.from({ length: count }, () => text(1)) }).fields,
      10,
    ],
    [
      'buttons',
      (count) => blockOf({ type: 'actions', elements: Array.from({ length: count }, () => ({ type: 'x' })) }).elements,
      25,
    ],
    [
      'lines of context',
      (count) => blockOf({ type: 'context', elements: Array.from({ length: count }, () => text(1)) }).elements,
      10,
    ],
    ['options', (count) => elementOf({ options: options(count) }).options, 100],
    ['chosen options', (count) => elementOf({ initial_options: options(count) }).initial_options, 100],
  ])('of %s there are as many as Slack takes', (_name, make, most) => {
    expect(make(most)).toHaveLength(most);
    expect(make(most + 1)).toHaveLength(most);
  });

  const sections = (count: number) => Array.from({ length: count }, (_, index) => section(`part ${index}`));
  test.each<[string, (count: number) => unknown, number]>([
    ['a message', (count) => withinSlack({ blocks: sections(count) }).blocks, 50],
    [
      'a form',
      (count) => JSON.parse(JSON.stringify(withinSlack({ view: { blocks: sections(count) } }))).view.blocks,
      100,
    ],
  ])('%s has as many parts as Slack takes, and says how many were left away', (_name, make, most) => {
    expect(make(most)).toHaveLength(most);
    expect(JSON.stringify(make(most))).not.toContain('more parts');
    expect(make(most + 5)).toHaveLength(most);
    expect(JSON.stringify(make(most + 5))).toContain('and 6 more parts');
    expect(JSON.stringify(make(most + 5))).toContain(`part ${most - 2}"`);
  });

  test('an option whose value is too long is left out, since it cannot be cut', () => {
    const some = [150, 151].map((length) => ({ text: plainText('x'), value: 'v'.repeat(length) }));
    expect(elementOf({ options: some }).options).toHaveLength(1);
  });

  test('an address that is too long leads nowhere', () => {
    const url = (length: number) => `https://x.example/${'y'.repeat(length - 18)}`;
    expect(elementOf({ type: 'button', url: url(3_000) }).url).toHaveLength(3_000);
    expect(elementOf({ type: 'button', url: url(3_001) })).not.toHaveProperty('url');
    expect(elementOf({ type: 'button', url: 7 })).not.toHaveProperty('url');
  });

  test('an empty text is a dash, and a part without anything in it is left out', () => {
    expect(blockOf({ type: 'section', text: text(0) }).text.text).toBe('—');
    expect(
      withinSlack({ blocks: [{ type: 'actions', elements: [] }, { type: 'context', elements: [] }, section('x')] }),
    ).toMatchObject({
      blocks: [{ type: 'section' }],
    });
    expect(blockOf({ type: 'rich_text', elements: [] }).type).toBe('rich_text');
  });

  test('rich text of one block has 9000 letters together', () => {
    const rich = (...lengths: number[]) => ({
      type: 'rich_text',
      elements: lengths.map((length) => ({
        type: 'rich_text_quote',
        elements: [{ type: 'text', text: 'x'.repeat(length) }],
      })),
    });
    const lengths = (block: object) =>
      blockOf(block).elements.map((quoted: { elements: { text: string }[] }) => quoted.elements[0]?.text.length);
    expect(lengths(rich(9_000))).toEqual([9_000]);
    expect(lengths(rich(5_000, 4_000))).toEqual([5_000, 4_000]);
    expect(lengths(rich(5_000, 4_001))).toEqual([5_000, 4_000]);
    expect(lengths(rich(9_001, 5))).toEqual([9_000, 1]);
    expect(lengths(rich(0))).toEqual([1]);
  });

  test('what is left away does not turn up, and other parts pass as they are', () => {
    expect(withinSlack({ channel: 'C1', thread_ts: '1.0' })).toEqual({ channel: 'C1', thread_ts: '1.0' });
    expect(blockOf({ type: 'divider' })).toEqual({ type: 'divider' });
    expect(
      blockOf({ type: 'section', text: text(1), accessory: { type: 'button', text: text(80) } }).accessory.text.text,
    ).toHaveLength(75);
  });
});

describe('times for readers', () => {
  const NOON = Date.UTC(2026, 0, 15, 12);

  test('are Slack’s own, with words for those who do not see them', () => {
    expect(time(NOON + 999)).toBe(`<!date^${NOON / SECOND}^{date_short_pretty} at {time}|Thu 15 Jan 12:00 UTC>`);
    expect(time(NOON, 'Europe/Berlin')).toContain('13:00');
  });

  test.each([
    ['now', 0, '13:00'],
    ['within a day', 24 * HOUR - 1, '12:59'],
    ['a day from now', 24 * HOUR, 'Fri 16 Jan 13:00'],
    ['a moment ago', -1, 'Thu 15 Jan 12:59'],
  ])('in words, %s', (_name, after, shown) => {
    expect(timeIn(NOON + after, 'Europe/Berlin', NOON)).toBe(shown);
  });
});

describe('a sentence', () => {
  test('is drawn piece by piece, and nobody’s words in it become ours', () => {
    const sentence = say`${'<@U0EVE> *x*'} has ${codePiece('db`/read')} ${strong`until ${timePiece(0)}`}, says ${people(['U0ANA', 'S0PAY'])}${points([say`one`, say`${'*two*'}`])}`;
    expect(drawn(sentence)).toBe(
      '&lt;@U0EVE&gt; x has `db/read` *until <!date^0^{date_short_pretty} at {time}|Thu 1 Jan 00:00 UTC>*, says <@U0ANA>, <!subteam^S0PAY>\n• one\n• two',
    );
  });

  test('of nobody says so', () => {
    expect([mentions([]), mentions(['W0BEN'])]).toEqual(['nobody', '<@W0BEN>']);
  });
});

describe('names in a choice', () => {
  test.each([
    ['abcdefghij', 10, 'abcdefghij'],
    ['abcdefghijk', 10, 'abcde…hijk'],
    ['abcdefghijkl', 11, 'abcde…hijkl'],
    ['abcd🧯efghijklm', 10, 'abcd…jklm'],
    ['abcdefghij🧯mno', 10, 'abcde…mno'],
  ])('%j in %i letters has both its ends', (name, most, shown) => {
    expect(ends(name, most)).toBe(shown);
  });

  test.each([
    [69, 3, 75],
    [70, 3, 75],
    [100, 50, 75],
    [10, 100, 75],
  ])('of a resource of %i letters and a role of %i fit', (resource, role, most) => {
    const label = roleLabel('r'.repeat(resource), { name: 'n'.repeat(role) });
    expect(label.length).toBeLessThanOrEqual(most);
    if (resource + role + 3 <= 75) expect(label).toBe(`${'r'.repeat(resource)} (${'n'.repeat(role)})`);
    else expect(label).toContain('…');
    expect(label).toMatch(/^r+.* \(n+.*\)$/);
  });

  test('leave a role’s name the room that the resource’s does not need', () => {
    expect(roleLabel('r'.repeat(20), { name: 'n'.repeat(52) })).toBe(`${'r'.repeat(20)} (${'n'.repeat(52)})`);
    expect(roleLabel('r'.repeat(20), { name: 'n'.repeat(53) })).toBe(
      `${'r'.repeat(20)} (${'n'.repeat(26)}…${'n'.repeat(25)})`,
    );
    expect(roleLabel('r'.repeat(80), { name: 'n'.repeat(36) })).toBe(
      `${'r'.repeat(18)}…${'r'.repeat(17)} (${'n'.repeat(36)})`,
    );
  });
});

describe('what a form holds', () => {
  const values = (value: unknown) => ({ block: { action: value } });
  test.each([
    [{ selected_option: { value: 'db/read' } }, 'db/read'],
    [{ selected_option: { value: 'x'.repeat(150) } }, 'x'.repeat(150)],
    [{ selected_option: { value: 'x'.repeat(151) } }, null],
    [{ selected_option: null }, null],
    [{ selected_option: { value: 7 } }, null],
    [{}, null],
    ['db/read', null],
    [undefined, null],
  ])('an option of %j is %j', (value, expected) => {
    expect(readOption(values(value), 'block', 'action')).toBe(expected);
  });

  test.each([
    [{ value: 'why' }, 'why'],
    [{ value: null }, ''],
    [{ value: 7 }, ''],
    [{}, ''],
    [{ value: 'x'.repeat(2_001) }, 'x'.repeat(2_000)],
  ])('text of %#', (value, expected) => {
    expect(readText(values(value), 'block', 'action')).toBe(expected);
  });

  test.each([
    [{ selected_date_time: 5 }, 5_000],
    [{ selected_date_time: 0 }, 0],
    [{ selected_date_time: null }, null],
    [{ selected_date_time: '5' }, null],
    [{}, null],
  ])('a moment of %j is %j', (value, expected) => {
    expect(readMoment(values(value), 'block', 'action')).toBe(expected);
  });

  test('of another block or action is nothing', () => {
    const some = values({ value: 'why' });
    expect([readText(some, 'other', 'action'), readText(some, 'block', 'other')]).toEqual(['', '']);
    expect(readOption({}, 'block', 'action')).toBeNull();
    expect(readMoment({}, 'block', 'action')).toBeNull();
  });
});

describe('the newest choice in a form', () => {
  test('is the last that was made in that form', () => {
    const latest = createLatest();
    const first = latest('V1');
    const other = latest('V2');
    expect([first(), other()]).toEqual([true, true]);
    const second = latest('V1');
    expect([first(), second(), other()]).toEqual([false, true, true]);
  });

  test('is known of a thousand forms, and of those that were used last', () => {
    const latest = createLatest();
    const all = Array.from({ length: 1_000 }, (_, index) => latest(`V${index}`));
    const again = latest('V0');
    expect(again()).toBe(true);
    const more = latest('more');
    expect([more(), again(), all[1]?.(), all[2]?.()]).toEqual([true, true, false, true]);
  });
});

describe('for how long and when', () => {
  const when = (text: string) => takeWhen(text);

  test.each<[string, number | null, object | null, string]>([
    ['30m fix', 30 * MINUTE, null, 'fix'],
    ['for 30m, fix', 30 * MINUTE, null, 'fix'],
    ['by 2 hours; fix', 2 * HOUR, null, 'fix'],
    ['1h30 fix', 90 * MINUTE, null, 'fix'],
    ['30mfix', null, null, '30mfix'],
    ['30m', 30 * MINUTE, null, ''],
    ['fix 30m', null, null, 'fix 30m'],
    ['until 18:00 fix', null, { kind: 'until', until: '18:00' }, 'fix'],
    ['till 18h30 fix', null, { kind: 'until', until: '18:30' }, 'fix'],
    ['til 5.30pm', null, { kind: 'until', until: '17:30' }, ''],
    ['until 18 fix', null, null, 'until 18 fix'],
    ['until 12 am', null, { kind: 'until', until: '00:00' }, ''],
    ['until 12 pm', null, { kind: 'until', until: '12:00' }, ''],
    ['until 0 am', null, null, 'until 0 am'],
    ['until 13 pm', null, null, 'until 13 pm'],
    ['until 23:59', null, { kind: 'until', until: '23:59' }, ''],
    ['until 24:00', null, null, 'until 24:00'],
    ['until 12:60', null, null, 'until 12:60'],
    ['9-11:30 fix', null, { kind: 'window', day: 'today', from: '09:00', to: '11:30' }, 'fix'],
    ['between 9:15 and 11:30', null, { kind: 'window', day: 'today', from: '09:15', to: '11:30' }, ''],
    ['on Friday, from 9 to 5pm x', null, { kind: 'window', day: 'friday', from: '09:00', to: '17:00' }, 'x'],
    ['2026-02-01 9:00–10:00', null, { kind: 'window', day: '2026-02-01', from: '09:00', to: '10:00' }, ''],
    ['10-2am', null, { kind: 'window', day: 'today', from: '22:00', to: '02:00' }, ''],
    ['13-2pm', null, { kind: 'window', day: 'today', from: '13:00', to: '14:00' }, ''],
    ['12-1pm', null, { kind: 'window', day: 'today', from: '12:00', to: '13:00' }, ''],
    ['11am-1pm', null, { kind: 'window', day: 'today', from: '11:00', to: '13:00' }, ''],
    ['2-2pm', null, { kind: 'window', day: 'today', from: '02:00', to: '14:00' }, ''],
    ['at 14:00 30m x', 30 * MINUTE, { kind: 'start', day: 'today', from: '14:00' }, 'x'],
    ['30m from 14:00 x', 30 * MINUTE, { kind: 'start', day: 'today', from: '14:00' }, 'x'],
    ['tonight 9pm x', null, { kind: 'start', day: 'tonight', from: '21:00' }, 'x'],
    ['14:00 x', null, null, '14:00 x'],
    ['30m 1h x', null, null, '30m 1h x'],
    ['until 18:00 30m x', null, { kind: 'until', until: '18:00' }, '30m x'],
    ['30m until 18:00 x', 30 * MINUTE, null, 'until 18:00 x'],
    ['30m 9:00-11:00 x', 30 * MINUTE, null, '9:00-11:00 x'],
    ['until 18:00 at 14:00', null, { kind: 'until', until: '18:00' }, 'at 14:00'],
    ['', null, null, ''],
  ])('%j', (text, duration, times, rest) => {
    expect(when(text)).toEqual({ duration, times, rest });
  });

  test.each<[string, number | null, string]>([
    ['30m payments', 30 * MINUTE, 'payments'],
    ['payments for 30m', 30 * MINUTE, 'payments'],
    ['payments 30m', 30 * MINUTE, 'payments'],
    ['payments30m', null, 'payments30m'],
    ['0m payments 1h', HOUR, '0m payments'],
    ['1h payments 30m', HOUR, 'payments 30m'],
  ])('of %j the length is taken from either end', (text, duration, rest) => {
    expect(takeDuration(text)).toEqual({ duration, rest });
  });

  test.each<[string, string | null]>([
    ['restart until 18:00', 'until 18:00'],
    ['restart at 5pm', '5pm'],
    ['logs of 20 minutes', '20 minutes'],
    ['half an hour', 'half an hour'],
    ['an hour', 'an hour'],
    ['2 weeks', '2 weeks'],
    ['10 secs', '10 secs'],
    ['tomorrow', 'tomorrow'],
    ['on monday', 'on monday'],
    ['not tomorrow', null],
    ['until then', 'until then'],
    ['at 1430', 'at 1430'],
    ['for 12', null],
    ['stuck payments', null],
    ['INC-7 of 200 rows', null],
  ])('%j looks like a time in %j', (text, found) => {
    expect(looksLikeWhen(text)).toBe(found);
  });

  // A Thursday, 12:30 in Berlin.
  const now = Date.UTC(2026, 0, 15, 11, 30);
  const resolve = (times: Parameters<typeof resolveTimes>[0], length: number | null = null) => {
    const { startsAt, duration } = resolveTimes(times, 'Europe/Berlin', now, length);
    return [startsAt === null ? null : new Date(startsAt).toISOString().slice(0, 16), duration];
  };

  test.each([
    ['13:00', 30 * MINUTE],
    ['12:31', MINUTE],
    ['12:30', 24 * HOUR],
    ['12:29', 24 * HOUR - MINUTE],
    ['00:00', 11.5 * HOUR],
  ])('until %s begins now', (until, duration) => {
    expect(resolve({ kind: 'until', until })).toEqual([null, duration]);
  });

  test.each([
    ['today', '13:00', '2026-01-15T12:00'],
    ['today', '12:30', '2026-01-16T11:30'],
    ['today', '12:00', '2026-01-16T11:00'],
    ['tonight', '21:00', '2026-01-15T20:00'],
    ['tomorrow', '09:00', '2026-01-16T08:00'],
    ['tomorrow', '13:00', '2026-01-16T12:00'],
    ['thu', '13:00', '2026-01-15T12:00'],
    ['thursday', '12:30', '2026-01-22T11:30'],
    ['fri', '09:00', '2026-01-16T08:00'],
    ['wed', '13:00', '2026-01-21T12:00'],
    ['monday', '09:00', '2026-01-19T08:00'],
    ['sunday', '09:00', '2026-01-18T08:00'],
    ['2026-02-01', '09:00', '2026-02-01T08:00'],
  ])('%s at %s is %s', (day, from, expected) => {
    expect(resolve({ kind: 'start', day, from }, HOUR)).toEqual([expected, HOUR]);
    expect(resolve({ kind: 'start', day, from })).toEqual([expected, null]);
  });

  test.each([
    ['09:00', '11:30', 2.5 * HOUR],
    ['22:00', '02:00', 4 * HOUR],
    ['09:00', '09:00', 24 * HOUR],
  ])('tomorrow from %s to %s', (from, to, duration) => {
    expect(resolve({ kind: 'window', day: 'tomorrow', from, to })[1]).toBe(duration);
  });

  test('a night in which clocks change is as long as it is', () => {
    const night = { kind: 'window', day: '2026-03-28', from: '22:00', to: '06:00' } as const;
    expect(resolve(night)[1]).toBe(7 * HOUR);
  });
});
