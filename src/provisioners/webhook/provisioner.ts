import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { causeText, cut } from '../../domain/text.ts';
import { signatureHeaders } from '../../http/webhookSignature.ts';
import { OWN, OWN_FIELDS } from '../../wording/targets/own.ts';
import { webAddress } from '../address.ts';
import { handedBack } from '../handedBack.ts';
import { createOwnConnection } from '../ownConnection.ts';
import { addressPlace, parametersOf, placeText, settingsPlace } from '../place.ts';
import { isAct, MOST_ANSWER, type Send, sessionsSchema } from '../protocol.ts';
import { type Provisioner, TARGET_DEADLINE } from '../provisioner.ts';
import { Unanswered } from '../underWay.ts';

const targetSchema = z.strictObject({
  kind: z.literal('webhook'),
  url: webAddress(),
  /** Shared with the receiver, to sign with. */
  secret: z.string().min(16, OWN_FIELDS.secret),
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
  placeOf: ({ url }) => placeText(addressPlace(url), settingsPlace(parametersOf(url))),
  byHand: (one, target) => [handedBack(one, target === null ? 'the target' : new URL(target.url).host)],
  connect: (target, use) => {
    const { sessions, lists, checks } = target;
    const manners = { name: new URL(target.url).host, sessions, lists, checks, heldUpFor: HELD_UP_FOR };
    return createOwnConnection(sendTo(target, use.clock.now), manners, use);
  },
};

/** A receiver refuses signatures that are older than a minute, by a clock that may be a little behind. */
const HELD_UP_FOR: Millis = MINUTE + 15 * SECOND;

/** A gateway says so that what stands behind it has not answered it. */
const NO_ANSWER_BEHIND: readonly number[] = [502, 504];

/** @returns null where it is longer than an answer may be. The rest is not read. */
async function readText({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MOST_ANSWER) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

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
    const key = isAct(action) ? keys.keyFor(`${grantId ?? 'standing'}:${action}`, body) : null;
    const ask = async () => {
      const response = await fetch(url, {
        method: 'POST',
        body,
        // A redirect would carry the signed body to a host that the policy does not name.
        redirect: 'error',
        signal: AbortSignal.timeout(TARGET_DEADLINE),
        headers: {
          'content-type': 'application/json',
          ...(key !== null && { 'idempotency-key': key }),
          'cache-control': 'no-store',
          // A repeat of the same act has the same id; a question is new each time.
          ...signatureHeaders(secret, { id: key ?? `${action}:${randomUUID()}`, at: now(), body }),
        },
      });
      return { status: response.status, text: await readText(response) };
    };
    const { status, text } = await ask().catch((error: unknown) => {
      throw new Unanswered(OWN.notReached(host, action, causeText(error)), { cause: error });
    });
    keys.answered(body);
    if (text === null) throw new Error(OWN.tooMuch(host, action, MOST_ANSWER));
    if (status === 200) return text;
    // Any other, such as "accepted" or "no content", is not yet an answer.
    const problem = OWN.answered(host, action, status, cut(text, SHOWN_ANSWER_LENGTH));
    throw NO_ANSWER_BEHIND.includes(status) ? new Unanswered(problem) : new Error(problem);
  };
}
