import type { LedgerEvent } from '../domain/events.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Clock, EventReader, Job, JobHandler, PostBook } from '../ports.ts';
import { openSyslog } from './syslog.ts';
import { openWebhook } from './webhook.ts';

/** Every event of the ledger, in order, to where a team collects such things. At least once: a repeat has the same number. */

/** Somewhere that events go to. */
export interface Receiver {
  /** Throws where the event was not taken. */
  send(event: LedgerEvent): Promise<void>;
  /** After the last event of a batch, or a failure. */
  close(): Promise<void>;
}

export interface ForwardingPlaces {
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** `udp://host:port`, `tcp://…` or `tls://…` */
  readonly syslog: string | null;
}

/** Events sent, and time taken, before the bot may stop between two of them. */
const BATCH = 50;
const BATCH_TIME: Millis = 5 * SECOND;

export interface Forwarding {
  /** One for each place that was set up, due at once. */
  jobs(dueAt: number): readonly Job[];
  readonly handle: JobHandler;
}

export function createForwarding(
  places: ForwardingPlaces,
  { events, posts, clock }: { events: EventReader; posts: PostBook; clock: Pick<Clock, 'now'> },
): Forwarding {
  const { webhook, syslog } = places;
  const receivers = new Map<string, () => Receiver>();
  if (webhook) receivers.set('webhook', () => openWebhook(webhook, clock));
  if (syslog !== null) receivers.set('syslog', () => openSyslog(syslog));
  return {
    jobs: (dueAt) => [...receivers.keys()].map((key) => ({ kind: 'forward', key, dueAt })),
    handle: async (key) => {
      const open = receivers.get(key);
      // Set up once, and no longer.
      if (!open) return null;
      const cursor = `forward:${key}`;
      const waiting = events.after(posts.cursor(cursor), BATCH);
      const receiver = open();
      const pauseAt = clock.now() + BATCH_TIME;
      try {
        for (const event of waiting) {
          if (clock.now() >= pauseAt) return { notBefore: clock.now() };
          await receiver.send(event);
          posts.moveCursor(cursor, event.seq);
        }
      } finally {
        await receiver.close();
      }
      return waiting.length < BATCH ? null : { notBefore: clock.now() };
    },
  };
}
