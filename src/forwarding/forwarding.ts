/** Forwards every event of the ledger, in order and at least once: a repeat has the same number. */

import type { LedgerEvent, NewEvent } from '../domain/events.ts';
import { BOT } from '../domain/person.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import { problemText } from '../domain/text.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Job, JobHandler } from '../ports/jobs.ts';
import { CURSORS } from '../ports/keys.ts';
import type { EventReader } from '../ports/ledger.ts';
import type { PostBook } from '../ports/posts.ts';
import { NotTaken, type Receiver } from './receiver.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

export interface ForwardingPlaces {
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** `udp://host:port`, `tcp://…` or `tls://…` */
  readonly syslog: string | null;
}

/** Limits of one run, in events and in ms. The bot can stop between two runs. */
const BATCH = 50;
const BATCH_TIME: Millis = 5 * SECOND;

export interface Forwarding {
  /** One job for each configured destination, due at once. */
  jobs(dueAt: number): readonly Job[];
  readonly handle: JobHandler;
}

export interface ForwardingDeps {
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'error'>;
  readonly record: (event: NewEvent) => Promise<unknown>;
}

export function createForwarding(places: ForwardingPlaces, deps: ForwardingDeps): Forwarding {
  const { events, posts, clock } = deps;
  const { webhook, syslog } = places;
  const receivers = new Map<string, () => Receiver>();
  if (webhook) receivers.set('webhook', () => openWebhook(webhook, clock));
  if (syslog !== null) receivers.set('syslog', () => openSyslog(syslog));
  return {
    jobs: (dueAt) => [...receivers.keys()].map((key) => ({ kind: 'forward', key, dueAt })),
    handle: async (key) => {
      const open = receivers.get(key);
      // This destination is no longer configured.
      if (!open) return null;
      const cursor = CURSORS.forwardTo(key);
      const waiting = await events.after(await posts.cursor(cursor), BATCH);
      const receiver = open();
      const pauseAt = clock.now() + BATCH_TIME;
      try {
        for (const event of waiting) {
          if (clock.now() >= pauseAt) return { notBefore: clock.now() };
          await send(key, receiver, event, deps);
          await posts.moveCursor(cursor, event.seq);
        }
      } finally {
        await receiver.close();
      }
      return waiting.length < BATCH ? null : { notBefore: clock.now() };
    },
  };
}

/** An event that is never accepted must not block all that follow, so its position is sent instead. */
async function send(
  key: string,
  receiver: Receiver,
  event: LedgerEvent,
  { log, record }: Pick<ForwardingDeps, 'log' | 'record'>,
): Promise<void> {
  try {
    await receiver.send(event);
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    const problem = problemText(error);
    const { seq } = event;
    log.error({ place: key, seq, problem }, 'an event is not taken as it is; it goes on without its payload');
    await receiver.send({ ...event, payload: { left_out: `${problem}; the ledger has the whole of event ${seq}` } });
    await record({
      type: 'forwarding.shortened',
      actor: BOT,
      requestId: null,
      grantId: null,
      payload: { place: key, seq, problem },
    });
  }
}
