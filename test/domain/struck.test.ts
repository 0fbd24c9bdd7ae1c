/** Which texts are secrets, in which forms they are found, and what is left standing around them. */

import { describe, expect, test } from 'vitest';
import { createStriker, plainForms, SECRET_NAME, SHORTEST_SECRET } from '../../src/domain/secrets.ts';

const struck = (secret: string, text: string) => createStriker([secret])(text);
const SECRET = 'hunter22-hunter22';

describe('the length of a secret', () => {
  test('of four characters is redacted as a whole word, of three it is not', () => {
    expect(SHORTEST_SECRET).toBe(4);
    expect(struck('k3y!', 'a k3y! b')).toBe('a [secret] b');
    expect(struck('k3y', 'a k3y b')).toBe('a k3y b');
  });

  test('of seven is left inside another word, of eight it is redacted there too', () => {
    expect(struck('abcdefg', 'abcdefg, abcdefgh, 1abcdefg, (abcdefg)')).toBe(
      '[secret], abcdefgh, 1abcdefg, ([secret])',
    );
    expect(struck('abcdefgh', 'xabcdefghx')).toBe('x[secret]x');
  });

  test('of seven is not searched for in hexadecimal and base64, of eight it is', () => {
    for (const [secret, found] of [
      ['abcdefg', false],
      ['abcdefgh', true],
    ] as const) {
      const bytes = Buffer.from(secret);
      for (const form of [bytes.toString('hex'), bytes.toString('base64'), [...bytes].join(',')])
        expect(struck(secret, `x ${form} y`)).toBe(found ? 'x [secret] y' : `x ${form} y`);
    }
  });

  test('counts per line: sixteen characters alone, fifteen only with the rest', () => {
    const [long, short] = ['abcdefghijklmnop', 'qrstuvwxyz01234'];
    const strike = createStriker([`${long}\n  ${short}\n---- ${long.toUpperCase()} ----`]);
    expect(strike(`at ${long}`)).toBe('at [secret]');
    expect(strike(`at ${short}`)).toBe(`at ${short}`);
    expect(strike(`at ---- ${long.toUpperCase()} ----`)).toBe('at [secret]');
    const header = 'a -----BEGIN OF A KEY----- is no secret';
    expect(struck(`-----BEGIN OF A KEY-----\n${long}`, header)).toBe(header);
  });
});

test('every occurrence of every secret is redacted, the longest first', () => {
  const strike = createStriker(['hunter22', 'hunter22-and-more']);
  expect(strike('hunter22 hunter22-and-more hunter22')).toBe('[secret] [secret] [secret]');
});

test('a secret with spaces around it also counts without them', () => {
  expect(struck(' hunter22\n', 'xhunter22y')).toBe('x[secret]y');
});

test.each([
  'password',
  'PASSWORD',
  'db_password',
  'db-passwd',
  'x.pwd',
  'secret',
  'client_secret',
  'token',
  'access-token',
  'privatekey',
  'private_key',
  'api_key',
  'apikey',
  'access_key',
  'accesskey',
])('a field named %s holds a secret', (name) => {
  expect(SECRET_NAME.test(name)).toBe(true);
});
test.each(['passwords', 'token_count', 'mypassword', 'key', 'user', 'secretary', ''])(
  'a field named "%s" holds no secret',
  (name) => {
    expect(SECRET_NAME.test(name)).toBe(false);
  },
);

describe('secrets within a secret', () => {
  const forms = (secret: string) => plainForms(secret).toSorted();
  test('are the password of an address, with its user and alone', () => {
    expect(forms('postgres://jit:p%40ss@db.example/x')).toEqual(
      [
        'postgres://jit:p%40ss@db.example/x',
        'postgres://jit:p@ss@db.example/x',
        'p%40ss',
        'p@ss',
        'jit:p%40ss',
        'jit:p@ss',
      ].toSorted(),
    );
  });

  test('reach to the last at sign and to the first', () => {
    const found = forms('mysql://jit:pa@ss@db.example/x');
    expect(found).toContain('pa@ss');
    expect(found).toContain('jit:pa@ss');
    expect(found).not.toContain('ss');
    expect(forms('MySQL://jit:pa@ss@db')).toContain('pa@ss');
    expect(forms('MySQL://jit:one@two:three@db')).toContain('one');
  });

  test('are no pair of a user and a password that is too short', () => {
    expect(forms('redis://jit:abc@db')).not.toContain('jit:abc');
    expect(forms('redis://jit:abcd@db')).toContain('jit:abcd');
    expect(forms('redis://:abcd@db')).toContain('abcd');
    expect(forms('Redis+TLS://jit:abcd@db')).toContain('abcd');
    expect(forms('see redis://jit:abcd@db')).not.toContain('abcd');
  });

  test('are what follows the name of a secret, quoted or bare', () => {
    const text = "host=db password='it is \\'five\\'' user=jit token = abc-def;pwd=x&api_key=k3y";
    for (const part of ["it is \\'five\\'", 'abc-def', 'x', 'k3y']) expect(forms(text)).toContain(part);
    for (const part of ['db', 'jit']) expect(forms(text)).not.toContain(part);
  });

  test('are the values of a JSON document under such names, at any depth', () => {
    const text =
      ' {"user":"jit","deep":[{"client_secret":"s3cret-1"}],"token":"s3cret-2","password":7,"private_key":"a\\nb"}';
    const found = forms(text);
    for (const part of ['s3cret-1', 's3cret-2', 'a\nb']) expect(found).toContain(part);
    expect(found).not.toContain('jit');
    expect(forms('[{"token":"s3cret-3"}]')).toContain('s3cret-3');
  });

  test('are not found in what only looks like JSON', () => {
    expect(forms('{"token":"s3cret-2"')).toEqual(['{"token":"s3cret-2"']);
    expect(forms('"token"')).toEqual(['"token"']);
  });

  test('are also decoded, with plus signs as spaces and as themselves', () => {
    expect(forms('a%2Fb+c')).toEqual(['a%2Fb+c', 'a/b c', 'a/b+c']);
    expect(forms('100%')).toEqual(['100%']);
  });

  test('are all long lines, with any line endings', () => {
    const [one, two] = ['abcdefghijklmnop', 'ABCDEFGHIJKLMNOP'];
    for (const end of ['\n', '\r\n', '\\n'])
      expect(forms(`${one}${end} ${two} `)).toEqual(expect.arrayContaining([one, two]));
  });
});

describe('a secret is found', () => {
  const QUOTED = 'it\'s "5" o\\clock';
  test.each([
    ['with sixteen backslashes before a character', `hunter22${'\\'.repeat(16)}-hunter22`, SECRET],
    ['with each backslash sixteen times', QUOTED.replace('\\', '\\'.repeat(16)), QUOTED],
    ['with its backslash as a number of HTML', QUOTED.replace('\\', '&#92;'), QUOTED],
    ['with its backslash in a URL', QUOTED.replace('\\', '%5C'), QUOTED],
    ['with its backslash in a URL within a URL', QUOTED.replace('\\', '%255c'), QUOTED],
    ['with its backslash by its code', QUOTED.replace('\\', '\\u005C'), QUOTED],
    ['with characters by their codes', SECRET.replaceAll('2', '\\u0032'), SECRET],
    ['with characters by their codes, escaped again', SECRET.replaceAll('2', '\\\\\\\\u0032'), SECRET],
    ['with a letter by its code in capitals', 'zebra\\u006A-stripes', 'zebraj-stripes'],
    ['in a URL four times over', SECRET.replace('-', '%252525252d'), SECRET],
    ['with HTML numbers', SECRET.replaceAll('2', '&#50;'), SECRET],
    ['with HTML numbers that begin with zeros', SECRET.replaceAll('2', '&#0050;'), SECRET],
    ['with HTML numbers in hexadecimal', SECRET.replaceAll('2', '&#X032;').replace('-', '&#x2D;'), SECRET],
    ['with HTML numbers in HTML', SECRET.replaceAll('2', '&amp;#50;').replace('-', '&amp;#x2d;'), SECRET],
    ['with HTML names', QUOTED.replaceAll('"', '&quot;').replace("'", '&apos;'), QUOTED],
    ['with HTML names in HTML', QUOTED.replaceAll('"', '&amp;quot;'), QUOTED],
    ['with lesser and greater as HTML names', 'a&lt;b&gt;c&amp;d-long', 'a<b>c&d-long'],
    ['with its spaces as plus signs', QUOTED.replaceAll(' ', '+'), QUOTED],
    ['doubled for SQL', QUOTED.replace("'", "''"), QUOTED],
    ['closed and opened for a shell', QUOTED.replace("'", "'\\''"), QUOTED],
    ['with a line end as two letters', 'line one\\nline two', 'line one\nline two'],
    ['with a line end as two letters, escaped again', 'line one\\\\nline two', 'line one\nline two'],
    ['with a line end of two characters', 'line one\r\nline two', 'line one\nline two'],
    ['with a line end of two characters as four letters', 'line one\\r\\nline two', 'line one\nline two'],
    ['with a tab, a return and others as letters', 'a\\tb\\rc\\bd\\fe-long', 'a\tb\rc\bd\fe-long'],
    ['as numbers of bytes with spaces', [...Buffer.from(SECRET)].join(',  '), SECRET],
    ['in hexadecimal in capitals', Buffer.from('zebra-juggler').toString('hex').toUpperCase(), 'zebra-juggler'],
    ['in hexadecimal, byte by byte', Buffer.from(SECRET).toString('hex').replace(/../g, '$& ').trim(), SECRET],
    ['with an emoji by its codes', '\\ud83d\\ude00smile-more', '😀smile-more'],
    ['with an emoji by its code in HTML', '&#128512;smile-more', '😀smile-more'],
    ['with an emoji in a URL', '%F0%9f%98%80smile-more', '😀smile-more'],
  ])('%s', (_name, written, secret) => {
    expect(struck(secret, `<${written}>`)).toBe('<[secret]>');
  });

  test.each([0, 1, 2, 3])('in base64, %i bytes after the beginning, with what its neighbours share of it', (before) => {
    const secret = '?>~~hunter??>';
    for (const after of ['', 'z', 'zz', 'zzz'])
      for (const encoding of ['base64', 'base64url'] as const) {
        const whole = Buffer.from(`${'a'.repeat(before)}${secret}${after}`).toString(encoding);
        // Six bits a letter: the first that has any of its bits, or the one before, and the last, or the one behind.
        const start = Math.max(0, Math.ceil((before * 8) / 6) - 1);
        const end = Math.floor(((before + secret.length) * 8) / 6) + 1;
        const rest = whole.slice(end).replace(/^=+$/, '');
        expect(struck(secret, `<${whole}>`)).toBe(`<${whole.slice(0, start)}[secret]${rest}>`);
      }
  });

  test('if it begins with a backslash, only as a whole', () => {
    expect(struck('\\secret-word', 'C:\\secret-word and C:\\other')).toBe('C:[secret] and C:\\other');
    expect(struck('secret-word\\', 'x secret-word\\ y')).toBe('x [secret] y');
  });

  test.each(['+', '\r\n', '\\r\\n', "''"])('and %j does not match another letter', (other) => {
    const text = `x ${SECRET.replace('t', other)} y`;
    expect(struck(SECRET, text)).toBe(text);
  });

  test('and special characters of patterns match only themselves', () => {
    const all = '^$.*+?()[]{}|/-x';
    expect(struck(all, `a${all}b`)).toBe('a[secret]b');
    expect(struck('a.c-long', 'abc-long')).toBe('abc-long');
  });
});

describe('the beginning of a secret, where a text was cut', () => {
  test.each([
    ['at the end', 'said hunter', 'said [secret]'],
    ['of five characters, at the end', 'said hunte', 'said hunte'],
    ['before an ellipsis', 'said hunter22-h… and so on', 'said [secret]… and so on'],
    ['before three dots', 'said hunter22... and so on', 'said [secret]... and so on'],
    ['before the end of quotes and brackets', '{"a":["hunter22"]}', '{"a":["[secret]"]}'],
    ['before the end in brackets', "(['hunter22'])", "(['[secret]'])"],
    ['before an ellipsis in quotes', '"hunter22"…', '"[secret]"…'],
    ['twice', 'hunter22… and hunter…', '[secret]… and [secret]…'],
    ['as all there is', 'hunter', '[secret]'],
    ['within a sentence', 'the hunter sleeps', 'the hunter sleeps'],
    ['before a dot', 'the hunter.', 'the hunter.'],
    ['with other words behind', 'hunter22-x', 'hunter22-x'],
    ['before two dots', 'hunter..', 'hunter..'],
  ])('%s', (_name, text, shown) => {
    expect(struck(SECRET, text)).toBe(shown);
  });

  test('is redacted from seven characters on, not with six', () => {
    expect(struck('abcdef1', 'said abcdef')).toBe('said [secret]');
    expect(struck('abcdef', 'xabcdef')).toBe('xabcdef');
  });

  test('is not redacted if it is a scheme or a user', () => {
    expect(struck('postgres://jit:p4ssword-1@db', 'see postgres')).toBe('see postgres');
    expect(struck('jitbot:p4ssword-1', 'by jitbot')).toBe('by jitbot');
  });
});
