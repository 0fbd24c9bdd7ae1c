import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logWithoutSecrets, scrubbed, withoutSecrets } from '../../src/app/redaction.ts';
import { createStriker } from '../../src/domain/secrets.ts';
import { recordedLog } from '../support/log.ts';

/** How programs write a text that they were given: each of these has been seen in an error message or a log. */
const WAYS: readonly (readonly [string, (secret: string) => string])[] = [
  ['as it is', (secret) => secret],
  ['in JSON', (secret) => JSON.stringify(secret)],
  ['in JSON within JSON', (secret) => JSON.stringify({ body: JSON.stringify({ password: secret }) })],
  ['in JSON three times', (secret) => JSON.stringify(JSON.stringify(JSON.stringify(secret)))],
  [
    'in JSON of ASCII only',
    (secret) =>
      JSON.stringify(secret).replace(/[^ -~]|[<>&"'/]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  ],
  ['in JSON with slashes escaped', (secret) => JSON.stringify(secret).replaceAll('/', '\\/')],
  ['URL-encoded', (secret) => encodeURIComponent(secret)],
  ['URL-encoded in lower case', (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
  ['URL-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))],
  [
    'URL-encoded to the last character',
    (secret) => [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  ],
  ['in a form', (secret) => new URLSearchParams({ password: secret }).toString()],
  [
    'in HTML',
    (secret) =>
      secret.replace(
        /[&<>"']/g,
        (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c,
      ),
  ],
  ['in SQL', (secret) => `ALTER ROLE x PASSWORD '${secret.replaceAll("'", "''")}'`],
  ['in a shell', (secret) => `'${secret.replaceAll("'", "'\\''")}'`],
  ['inspected', (secret) => inspect({ password: secret })],
  ['in base64', (secret) => Buffer.from(secret).toString('base64')],
  ['in base64url', (secret) => Buffer.from(`x${secret}`).toString('base64url')],
  ['in a header of Basic authentication', (secret) => Buffer.from(`jitbot:${secret}`).toString('base64')],
  ['in hexadecimal', (secret) => Buffer.from(secret).toString('hex')],
  ['as a buffer', (secret) => inspect(Buffer.from(secret), { maxArrayLength: null }).slice(0, 2_000)],
  ['as a buffer in JSON', (secret) => JSON.stringify(Buffer.from(secret))],
];
const character = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    "'",
    '%',
    '&',
    '<',
    '/',
    '+',
    '@',
    ':',
    '#',
    '?',
    ' ',
    '\n',
    '\t',
    '$',
    '{',
    '}',
    '.',
    '*',
    '😀',
    'é',
    '=',
  ),
  fc.constantFrom(...'abcXYZ0123456789'),
);
/** At least eight characters, of which three stand together that no word of ours has. */
const secrets = fc
  .array(character, { minLength: 8, maxLength: 40 })
  .map((characters) => characters.join(''))
  .filter((secret) => secret.trim() === secret && Buffer.from(secret).length < 45);

describe('K11.2 secrets are redacted', () => {
  test.each(WAYS)('%s', (_, write) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const written = write(secret);
        const struck = createStriker([secret])(`before ${written} after`);
        expect(struck).toContain('[secret]');
        for (const [, other] of WAYS) if (other(secret).length > 12) expect(struck).not.toContain(other(secret));
        expect(struck.startsWith('before ') && struck.endsWith(' after')).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  test.each([
    ['the password of an address', 'postgres://jitbot:p%40ss%22w%5Crd@db.example:5432/pay', 'p@ss"w\\rd'],
    ['a password with an at sign that nobody encoded', 'mysql://jitbot:pa@ss@word1@db.example/x', 'pa@ss@word1'],
    ['a password in a connection string', "host=db user=jit password='it is 5 o\\'clock'", "it is 5 o\\'clock"],
    ['a parameter of an address', 'https://api.example/?api_key=k3y-0f-all-things&x=1', 'k3y-0f-all-things'],
    ['the key in a JSON file', JSON.stringify({ client_secret: 's3cr\n"et-value' }), 's3cr\n"et-value'],
  ])('%s, also without what is around it', (_, whole, part) => {
    const strike = createStriker([whole]);
    for (const [, write] of WAYS) expect(strike(`x ${write(part)} y`)).toContain('[secret]');
    expect(strike(`x ${whole} y`)).not.toContain(part);
  });

  test('in a key of several lines, line by line, with any line endings', () => {
    const lines = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj', 'Qw=='];
    for (const end of ['\n', '\r\n', '\\n']) {
      const pem = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join(end);
      const strike = createStriker([pem]);
      expect(strike(`at line 2: ${lines[0]}`)).toBe('at line 2: [secret]');
      expect(strike(JSON.stringify({ key: lines.join('\n') }))).not.toContain(lines[1]);
    }
  });

  test('in a text that was cut within one', () => {
    const strike = createStriker(['correct"horse\\battery']);
    expect(strike('said: the password correct"horse\\ba…')).toBe('said: the password [secret]…');
    expect(strike('said: the password correct"hor')).toBe('said: the password [secret]');
    expect(strike('correctness is what we want')).toBe('correctness is what we want');
  });

  test('and short ones leave the log readable: never three characters, seven only alone', () => {
    const strike = createStriker(['', 'a', 'eu', 'prd', 'test']);
    expect(strike('eu: the latest prd access of a test ended')).toBe('eu: the latest prd access of a [secret] ended');
  });

  test('also if they are added later', () => {
    const known: string[] = [];
    const strike = createStriker(known);
    expect(strike('hunter22-hunter22')).toBe('hunter22-hunter22');
    known.push('hunter22-hunter22');
    expect(strike('hunter22-hunter22')).toBe('[secret]');
  });

  test('quickly in long texts of backslashes and percent signs', () => {
    const strike = createStriker(['\\"\\\\"\\%\\"\\\\"a', '%25%25%25%25"\\\\\\']);
    const began = performance.now();
    for (const text of ['\\'.repeat(100_000), '%25'.repeat(50_000), '\\"'.repeat(50_000)]) strike(text);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('K11.2 text from outside is redacted', () => {
  const SECRET = 'p"a\\ss wörd%';
  const strike = createStriker([SECRET]);
  const held = (value: unknown) =>
    `${inspect(value, { depth: 9 })} ${JSON.stringify(value)} ${value instanceof Error ? value.stack : ''}`;

  test('in an error’s message, stack, cause and parts, which keeps its class', async () => {
    class Refusal extends TypeError {}
    const connection = { password: SECRET };
    const error = Object.assign(
      new Refusal(`no ${SECRET}`, { cause: new AggregateError([new Error(`one ${SECRET}`)], JSON.stringify(SECRET)) }),
      { detail: `for ${encodeURIComponent(SECRET)}` },
    );
    Object.defineProperty(error, 'client', { value: connection, enumerable: false });
    const port = withoutSecrets({ ask: () => Promise.reject(error), now: () => Promise.resolve(1) }, strike);
    const thrown: unknown = await port.ask().catch((one: unknown) => one);
    expect(thrown).toBeInstanceOf(Refusal);
    expect(held(thrown)).toContain('no [secret]');
    expect(held(thrown)).not.toContain(SECRET);
    expect(held(thrown)).not.toContain(JSON.stringify(SECRET).slice(1, -1));
    expect(held(thrown)).not.toContain(encodeURIComponent(SECRET));
    // The connection that it points to goes on working.
    expect(connection.password).toBe(SECRET);
  });

  test('in an error that cannot be changed, which is replaced', () => {
    const frozen = Object.freeze(new Error(`no ${SECRET}`));
    expect(held(scrubbed(frozen, strike))).not.toContain(SECRET);
    expect(scrubbed(`no ${SECRET}`, strike)).toBe('no [secret]');
  });

  test('in problems and findings, but not in what people are shown on purpose', async () => {
    const port = withoutSecrets(
      {
        ask: async () => ({ known: false, problem: `x ${SECRET}` }),
        check: async () => [{ ok: false, what: `y ${SECRET}`, fix: SECRET }],
        members: async () => new Map([['S0', { known: false, problem: SECRET }]]),
        credential: async () => ({ account: 'x', secret: SECRET, usage: SECRET }),
      },
      strike,
    );
    expect(await port.ask()).toEqual({ known: false, problem: 'x [secret]' });
    expect(await port.check()).toEqual([{ ok: false, what: 'y [secret]', fix: '[secret]' }]);
    expect((await port.members()).get('S0')).toEqual({ known: false, problem: '[secret]' });
    expect(await port.credential()).toEqual({ account: 'x', secret: SECRET, usage: SECRET });
  });

  test('in fields of the log', () => {
    const log = recordedLog();
    logWithoutSecrets(log, strike).warn({ problem: SECRET, err: new Error(SECRET) }, `m ${SECRET}`);
    expect(held(log.lines)).not.toContain(SECRET);
    expect(log.lines[0]?.message).toBe('m [secret]');
  });
});
