import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { cut } from '../../domain/text.ts';
import { webAddress } from '../address.ts';
import { addressPlace, placeText, settingsPlace } from '../place.ts';
import { connectionOver, isAct, type Send, sessionsSchema } from '../protocol.ts';
import { type Provisioner, TARGET_DEADLINE } from '../provisioner.ts';

const targetSchema = z.strictObject({
  kind: z.literal('webhook'),
  url: webAddress(),
  /** Shared with the receiver, to sign with. */
  secret: z.string().min(16, 'expected at least 16 characters, shared with the receiver'),
  /** What becomes of sessions that are open when access ends. */
  sessions: sessionsSchema,
  /** Whether it answers list and remove, and check. */
  lists: z.boolean().default(false),
  checks: z.boolean().default(false),
});

/** Anything: it is passed on as it stands, for the receiver to make sense of. */
const roleSchema = z.record(z.string(), z.json());

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

/** Answers longer than this are not read further into an error message. */
const SHOWN_ANSWER_LENGTH = 200;

/** Asks a service of the team's own to give and take access, by signed HTTP requests. */
export const webhook: Provisioner<Target, Role> = {
  kind: 'webhook',
  targetSchema,
  roleSchema,
  placeOf: ({ url }) => placeText(addressPlace(url), settingsPlace(Object.fromEntries(new URL(url).searchParams))),
  connect: (target, { clock, ids }) => {
    const { sessions, lists, checks } = target;
    const manners = { name: new URL(target.url).host, sessions, lists, checks };
    return connectionOver(sendTo(target, clock.now), manners, ids);
  },
};

/** Acts without an answer whose keys are remembered. Whatever is beyond that is an act of its own. */
const MOST_UNANSWERED = 1000;

/**
 * A gateway that honours idempotency keys answers the same key from memory. So a question has none; an act has a key of
 * its own, and only a repeat of an act that nobody answered has the same one again.
 */
function idempotencyKeys() {
  /** By what was sent. */
  const unanswered = new Map<string, string>();
  return {
    keyFor: (what: string, body: string): string => {
      const key = unanswered.get(body) ?? `${what}:${randomUUID()}`;
      unanswered.delete(body);
      unanswered.set(body, key);
      const [oldest = ''] = unanswered.size > MOST_UNANSWERED ? unanswered.keys() : [];
      unanswered.delete(oldest);
      return key;
    },
    answered: (body: string): void => void unanswered.delete(body),
  };
}

function sendTo({ url, secret }: Target, now: () => number): Send {
  const { host } = new URL(url);
  const keys = idempotencyKeys();
  return async (action, document, grantId) => {
    const body = JSON.stringify(document);
    const timestamp = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    const ask = async () => {
      const response = await fetch(url, {
        method: 'POST',
        body,
        // A redirect would carry the signed body to a host that the policy does not name.
        redirect: 'error',
        signal: AbortSignal.timeout(TARGET_DEADLINE),
        headers: {
          'content-type': 'application/json',
          ...(isAct(action) && { 'idempotency-key': keys.keyFor(`${grantId ?? 'standing'}:${action}`, body) }),
          'cache-control': 'no-store',
          'x-jit-timestamp': timestamp,
          'x-jit-signature': `v1=${signature}`,
        },
      });
      return { status: response.status, text: await response.text() };
    };
    const { status, text } = await ask().catch((error: unknown) => {
      throw new Error(`${host} could not be reached to ${action}`, { cause: error });
    });
    keys.answered(body);
    // Any other, such as "accepted" or "no content", is not yet an answer.
    if (status !== 200) throw new Error(`${host} answered ${action} with ${status}: ${cut(text, SHOWN_ANSWER_LENGTH)}`);
    return text;
  };
}
