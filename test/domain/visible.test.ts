/** Marks that nobody sees: they turn no line around, and are no reason. */

import { expect, test } from 'vitest';
import { checkForm } from '../../src/domain/form.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { typed, visible } from '../../src/domain/text.ts';
import { personOf, readAccount } from '../../src/slack/directory/account.ts';
import { code, plain, plainText, quote } from '../../src/slack/kit/blocks.ts';
import { aRole } from '../support/domain.ts';

const DIRECTIONS = [
  '\u202a',
  '\u202b',
  '\u202c',
  '\u202d',
  '\u202e',
  '\u2066',
  '\u2067',
  '\u2068',
  '\u2069',
  '\u200e',
  '\u200f',
];
const UNSEEN = ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u3164', '\u2800'];

test.each([...DIRECTIONS, ...UNSEEN].map((mark) => [`U+${mark.charCodeAt(0).toString(16)}`, mark]))(
  '%s in typed text reaches nobody',
  (_name, mark) => {
    const hostile = `fix${mark}${mark}evil`;
    for (const shown of [plain(hostile), code(hostile), plainText(hostile).text, JSON.stringify(quote(hostile))])
      expect(shown).not.toContain(mark);
    expect(visible(hostile)).toBe('fixevil');
  },
);

test.each([...DIRECTIONS, ...UNSEEN, '\ufe0f', '\u0000'].map((mark) => [`U+${mark.charCodeAt(0).toString(16)}`, mark]))(
  '%s is no reason',
  (_name, mark) => {
    const asked = { duration: HOUR, startsAt: null };
    const role = aRole({ reason: { minLength: 3, ticket: null } });
    expect(typed(` ${mark.repeat(30)} `)).toBe('');
    expect(checkForm(role, { ...asked, reason: mark.repeat(30) }, 0)).toEqual([
      { code: 'reason_too_short', minLength: 3 },
    ]);
    expect(checkForm(role, { ...asked, reason: `${mark}fix` }, 0)).toEqual([]);
  },
);

test('text keeps the joiners that it needs: emoji, Persian, Hindi', () => {
  for (const text of ['👩‍🚒 on call', 'می‌خواهم', 'क्‍ष', '🏳️‍🌈', 'naïve ☕️']) expect(visible(text)).toBe(text);
});

test('a Slack name is its readable part, or no name', () => {
  const member = {
    id: 'U0MAL',
    team_id: 'T0',
    deleted: false,
    is_bot: false,
    is_restricted: false,
    is_ultra_restricted: false,
    tz: 'UTC',
  };
  const named = (display: string, real: string) => {
    const profile = { email: 'mal@x.example', display_name: display, real_name: real };
    const account = readAccount({ ...member, profile }, null);
    const person = account.known ? personOf(account.value, 'T0') : account;
    return person.known ? person.value.name : person.problem;
  };
  expect(named('Mal\u202elory', 'x')).toBe('Mallory');
  expect(named('\u200b\u2800', 'Mallory')).toBe('Mallory');
});
