import { createHmac } from 'node:crypto';

/** The prefix of a secret in the format of Standard Webhooks. The rest is the key in base64. */
const ENCODED = 'whsec_';

/**
 * The headers that sign a body, as in https://www.standardwebhooks.com.
 * @param id the same for each try to send the same thing
 * @param at when it is sent, in ms
 */
export function signatureHeaders(secret: string, { id, at, body }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${hmac(keyOf(secret), `${id}.${timestamp}.${body}`).digest('base64')}`,
    // The headers of 0.1, for receivers that only know those. They go after 0.2.
    'x-jit-timestamp': timestamp,
    'x-jit-signature': `v1=${hmac(secret, `${timestamp}.${body}`).digest('hex')}`,
  };
}

interface Signed {
  readonly id: string;
  readonly at: number;
  readonly body: string;
}

const keyOf = (secret: string): string | Buffer =>
  secret.startsWith(ENCODED) ? Buffer.from(secret.slice(ENCODED.length), 'base64') : secret;
