/** One-time codes as authenticator apps make them, and their secrets, which only the key opens. */

import { Secret, TOTP } from 'otpauth';
import { expect, test } from 'vitest';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { SECOND } from '../../src/domain/terms.ts';

const KEY = Buffer.alloc(32, 7);
const box = createCodeBox(KEY);
/** In the middle of step 58,000,000. */
const NOW = 58_000_000 * 30 * SECOND + 15 * SECOND;
const STEP = 58_000_000;
const enrolled = () => {
  const { sealed, secret, uri } = box.create('Ana (U0ANA)');
  const app = new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30, algorithm: 'SHA1' });
  return { sealed, secret, uri, codeAt: (at: number) => app.generate({ timestamp: at }) };
};

test.each([
  [-46, null],
  [-45, STEP - 1],
  [-16, STEP - 1],
  [-15, STEP],
  [0, STEP],
  [14, STEP],
  [15, STEP + 1],
  [44, STEP + 1],
  [45, null],
])('a code that the app shows %i s from now is of step %s', (seconds, step) => {
  const { sealed, codeAt } = enrolled();
  expect(box.stepOf(sealed, codeAt(NOW + seconds * SECOND), NOW)).toBe(step);
});

test('the step of a code is its own, from the first moment of it to the last', () => {
  const { sealed, codeAt } = enrolled();
  const begin = STEP * 30 * SECOND;
  const code = codeAt(begin);
  expect(box.stepOf(sealed, code, begin)).toBe(STEP);
  expect(box.stepOf(sealed, code, begin + 30 * SECOND - 1)).toBe(STEP);
  expect(box.stepOf(sealed, code, begin + 60 * SECOND - 1)).toBe(STEP);
  expect(box.stepOf(sealed, code, begin + 60 * SECOND)).toBeNull();
  expect(box.stepOf(sealed, code, begin - 30 * SECOND)).toBe(STEP);
  expect(box.stepOf(sealed, code, begin - 30 * SECOND - 1)).toBeNull();
});

test.each(['', '12345', '1234567', '12345a', ' 123456', '123456\n', '１２３４５６'])('%j is no code', (typed) => {
  expect(box.stepOf(enrolled().sealed, typed, NOW)).toBeNull();
});

test('a code of somebody else is none', () => {
  expect(box.stepOf(enrolled().sealed, enrolled().codeAt(NOW), NOW)).toBeNull();
});

test('an app learns the account, the issuer and the typed secret from the address', () => {
  const { secret, uri } = enrolled();
  const url = new URL(uri);
  expect([url.protocol, url.host]).toEqual(['otpauth:', 'totp']);
  expect(decodeURIComponent(url.pathname)).toBe('/jit:Ana (U0ANA)');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    issuer: 'jit',
    secret,
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
  // 160 bits, as RFC 4226 recommends.
  expect(Secret.fromBase32(secret).bytes).toHaveLength(20);
});

test('each secret is another one, and none stands in what is kept', () => {
  const [one, other] = [enrolled(), enrolled()];
  expect(one.secret).not.toBe(other.secret);
  const kept = Buffer.from(one.sealed, 'base64');
  expect(kept.includes(Buffer.from(Secret.fromBase32(one.secret).bytes))).toBe(false);
  // Nonce, tag and as many bytes as the secret has.
  expect(kept).toHaveLength(12 + 16 + 20);
});

test('one secret that is sealed twice is not seen to be the same', () => {
  const nonces = new Set(Array.from({ length: 20 }, () => enrolled().sealed.slice(0, 16)));
  expect(nonces.size).toBe(20);
});

test('another key opens nothing, and says what to do', () => {
  const { sealed, codeAt } = enrolled();
  expect(() => createCodeBox(Buffer.alloc(32, 8)).stepOf(sealed, codeAt(NOW), NOW)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('set the key it was made with'),
      cause: expect.any(Error),
    }),
  );
});

test.each([0, 12, 28])('what was changed in its byte %i is not opened', (at) => {
  const { sealed, codeAt } = enrolled();
  const bytes = Buffer.from(sealed, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  expect(() => box.stepOf(bytes.toString('base64'), codeAt(NOW), NOW)).toThrow('cannot be read');
});

test('what an earlier key sealed is read with it, and sealed anew with the one in use', () => {
  const { sealed, codeAt } = enrolled();
  const [before, fresh] = [KEY, Buffer.alloc(32, 8)];
  const changing = createCodeBox(fresh, before);
  expect(changing.stepOf(sealed, codeAt(NOW), NOW)).not.toBeNull();
  const anew = changing.resealed(sealed);
  expect(createCodeBox(fresh).stepOf(anew, codeAt(NOW), NOW)).not.toBeNull();
  expect(() => createCodeBox(before).stepOf(anew, codeAt(NOW), NOW)).toThrow('cannot be read');
  expect([changing, createCodeBox(before), createCodeBox(null)].map((box) => box.canOpen(anew))).toEqual([
    true,
    false,
    false,
  ]);
});

test('without a key nothing is sealed or opened, which is said', () => {
  const none = createCodeBox(null);
  expect([none.canSeal, createCodeBox(KEY).canSeal]).toEqual([false, true]);
  expect(() => none.create('Ana')).toThrow('JIT_SECRET_KEY is not set');
  expect(() => none.stepOf(enrolled().sealed, '123456', NOW)).toThrow('JIT_SECRET_KEY is not set');
});
