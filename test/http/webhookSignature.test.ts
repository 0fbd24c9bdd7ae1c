import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { signatureHeaders } from '../../src/http/webhookSignature.ts';

const PLAIN = 'a secret that was agreed upon';
const body = '{"test": 2432232314}';

/** The vector that the project publishes with its libraries. */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: 1_614_265_330_000,
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

test('the published example gives the published signature', () => {
  expect(signatureHeaders(VECTOR.secret, { id: VECTOR.id, at: VECTOR.at, body })).toMatchObject({
    'webhook-id': VECTOR.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': VECTOR.signature,
  });
});

describe('the published library', () => {
  // It refuses times that are not about now, and has no clock to set.
  const at = Date.now();
  test.each([
    ['in its own format', VECTOR.secret, new Webhook(VECTOR.secret)],
    ['that is any text', PLAIN, new Webhook(PLAIN, { format: 'raw' })],
  ])('accepts what is signed with a secret %s', (_, secret, receiver) => {
    const headers = signatureHeaders(secret, { id: 'R1:grant:1', at, body });
    expect(receiver.verify(body, headers)).toEqual({ test: 2432232314 });
    expect(() => receiver.verify(`${body} `, headers)).toThrow();
    expect(() => receiver.verify(body, { ...headers, 'webhook-id': 'R1:grant:2' })).toThrow();
  });
});

test('the headers of 0.1 are unchanged', () => {
  const headers = signatureHeaders(PLAIN, { id: 'x', at: 1_768_478_400_999, body });
  expect(headers['x-jit-timestamp']).toBe('1768478400');
  expect(headers['x-jit-signature']).toBe(
    `v1=${createHmac('sha256', PLAIN).update(`1768478400.${body}`).digest('hex')}`,
  );
});
