/** One-time codes (TOTP, RFC 6238) as every authenticator app makes them, and their secrets encrypted at rest. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { SECOND } from '../domain/terms.ts';
import type { CodeBox } from '../ports/people.ts';

const PERIOD_SECONDS = 30;
/** Steps before and after the present one that are accepted: clocks of phones differ a little (RFC 6238, 5.2). */
const WINDOW = 1;
const SECRET_BYTES = 20;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param key 32 bytes, kept outside the database; null: no secret can be kept
 * @param before the key that was used before; null: there was none, or nothing is left of it
 */
export function createCodeBox(key: Buffer | null, before: Buffer | null = null): CodeBox {
  const opened = (sealed: string): Buffer => open([keyOf(key), ...(before ? [before] : [])], sealed);
  const totp = (secret: Secret, label = '') =>
    new TOTP({ issuer: 'jit', label, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS, secret });
  return {
    canSeal: key !== null,
    create: (account) => {
      const secret = new Secret({ size: SECRET_BYTES });
      return {
        sealed: seal(keyOf(key), Buffer.from(secret.buffer)),
        secret: secret.base32,
        uri: totp(secret, account).toString(),
      };
    },
    canOpen: (sealed) => {
      try {
        opened(sealed);
        return true;
      } catch {
        // No key is set, or this is encrypted with another one.
        return false;
      }
    },
    resealed: (sealed) => seal(keyOf(key), opened(sealed)),
    stepOf: (sealed, code, now) => {
      if (!/^\d{6}$/.test(code)) return null;
      const secret = new Secret({ buffer: new Uint8Array(opened(sealed)).buffer });
      const delta = totp(secret).validate({ token: code, timestamp: now, window: WINDOW });
      return delta === null ? null : Math.floor(now / (PERIOD_SECONDS * SECOND)) + delta;
    },
  };
}

function keyOf(key: Buffer | null): Buffer {
  if (!key) throw new Error('JIT_SECRET_KEY is not set, so no secret can be kept');
  return key;
}

function seal(key: Buffer, plain: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

/** @param keys the newest first */
function open(keys: readonly Buffer[], sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  let failure: unknown;
  for (const key of keys)
    try {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    } catch (error) {
      failure = error;
    }
  throw new Error(
    'a second factor cannot be read with this JIT_SECRET_KEY; set the key it was made with as JIT_SECRET_KEY_BEFORE',
    { cause: failure },
  );
}
