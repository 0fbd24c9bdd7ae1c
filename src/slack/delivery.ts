import { createHash } from 'node:crypto';
import type { MessageMetadata } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { type Instant, type Millis, SECOND } from '../domain/terms.ts';
import type { Clock, Post, PostBook } from '../ports.ts';
import type { Message } from './blocks.ts';
import { slackErrorCode, WebAPIRateLimitedError } from './clients.ts';

/** Slack takes about one message a second per channel, and a few more for a moment: a card and its buttons. */
const CHANNEL_PACE: Millis = SECOND;
const CHANNEL_BURST = 3;
/** Messages looked through for one whose answer was lost. */
const SEARCH_LIMIT = 100;
const KEY_METADATA = 'jitbot_message';

/** Slack asks to come back later; nothing has failed. */
export class LaterError extends Error {
  override readonly name = 'LaterError';
  readonly notBefore: Instant;
  constructor(notBefore: Instant) {
    super('Slack takes no more messages for now');
    this.notBefore = notBefore;
  }
}

export interface Place {
  readonly channel: string;
  readonly threadTs?: string;
}

/** Posts messages that are kept up to date, each under a key of its own, each once. */
export interface Delivery {
  /**
   * Posts the message of a key, or brings it up to date.
   * @param maybePosted an earlier try may have reached Slack: look for it there first
   * @throws LaterError where Slack wants us to wait
   */
  sync(key: string, place: Place, message: Message, maybePosted: boolean): Promise<Post>;
  /** Brings a message up to date if it was ever posted. */
  refresh(key: string, message: Message): Promise<void>;
  /** @returns where it is: a message to a person is in the channel with them */
  post(
    place: Place,
    message: Message,
    metadata: MessageMetadata,
  ): Promise<{ readonly channel: string; readonly ts: string }>;
  /** The newest metadata of this kind that we posted to a channel, and when. */
  newestMetadata(
    channel: string,
    eventType: string,
    accept: (payload: Record<string, unknown>) => boolean,
  ): Promise<{ readonly payload: Record<string, unknown>; readonly postedAt: Instant } | null>;
  /** Where a kept message went; null: it was not posted yet. */
  find(key: string): Post | null;
  /** The address of a message. */
  permalink(post: Post): Promise<string>;
}

export function createDelivery({
  client,
  posts,
  clock,
}: {
  client: WebClient;
  posts: PostBook;
  clock: Pick<Clock, 'now'>;
}): Delivery {
  const directChannels = new Map<string, string>();
  /** When all that was posted to a channel would have been posted at an even pace. */
  const evenPace = new Map<string, Instant>();

  async function post(
    { channel, threadTs }: Place,
    message: Message,
    metadata: MessageMetadata,
  ): Promise<{ channel: string; ts: string }> {
    const next = Math.max(evenPace.get(channel) ?? 0, clock.now()) + CHANNEL_PACE;
    const allowed = next - CHANNEL_BURST * CHANNEL_PACE;
    if (clock.now() < allowed) throw new LaterError(allowed);
    evenPace.set(channel, next);
    const posted = await limited(() =>
      client.chat.postMessage({
        channel,
        ...message,
        metadata,
        unfurl_links: false,
        unfurl_media: false,
        ...(threadTs && { thread_ts: threadTs }),
      }),
    );
    if (!posted.ts) throw new Error('Slack took a message but did not say where it is');
    return { channel: posted.channel ?? channel, ts: posted.ts };
  }

  /** A rate limit becomes "later" instead of a failure. */
  async function limited<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw new LaterError(clock.now() + error.retryAfter * SECOND);
      throw error;
    }
  }

  /** Slack takes a person's id in place of the channel with them, except for reading what is in it. */
  async function directChannel(slackId: string): Promise<string> {
    const known = directChannels.get(slackId);
    if (known) return known;
    const opened = await limited(() => client.conversations.open({ users: slackId }));
    const id = opened.channel?.id;
    if (!id) throw new Error(`Slack opened no direct message with ${slackId}`);
    directChannels.set(slackId, id);
    return id;
  }

  async function history({ channel: given, threadTs }: Place) {
    const channel = /^[UW]/.test(given) ? await directChannel(given) : given;
    const query = { channel, limit: SEARCH_LIMIT, include_all_metadata: true };
    const found = await limited(() =>
      threadTs ? client.conversations.replies({ ...query, ts: threadTs }) : client.conversations.history(query),
    );
    return { channel, messages: found.messages ?? [] };
  }

  async function findPosted(key: string, place: Place): Promise<{ channel: string; ts: string } | null> {
    const { channel, messages } = await history(place);
    const mine = messages.find(
      (message) =>
        message.metadata?.event_type === KEY_METADATA &&
        (message.metadata.event_payload as { key?: unknown } | undefined)?.key === key,
    );
    return mine?.ts ? { channel, ts: mine.ts } : null;
  }

  async function update(key: string, known: Post, message: Message): Promise<Post> {
    const digest = digestOf(message);
    if (known.digest === digest) return known;
    try {
      await limited(() => client.chat.update({ channel: known.channel, ts: known.ts, ...message }));
    } catch (error) {
      // Somebody removed it from the channel; the ledger still has it all.
      if (slackErrorCode(error) !== 'message_not_found') throw error;
    }
    const kept = { ...known, digest };
    posts.keep(key, kept);
    return kept;
  }

  return {
    post,
    sync: async (key, place, message, maybePosted) => {
      const kept = posts.find(key);
      if (kept) return update(key, kept, message);
      const lost = maybePosted ? await findPosted(key, place) : null;
      if (lost) return update(key, { ...lost, digest: '' }, message);
      const posted = await post(place, message, { event_type: KEY_METADATA, event_payload: { key } });
      const made = { ...posted, digest: digestOf(message) };
      posts.keep(key, made);
      return made;
    },
    refresh: async (key, message) => {
      const kept = posts.find(key);
      if (kept) await update(key, kept, message);
    },
    newestMetadata: async (channel, eventType, accept) => {
      const { messages } = await history({ channel });
      for (const { metadata, ts } of messages) {
        const payload = (metadata?.event_payload ?? {}) as Record<string, unknown>;
        if (metadata?.event_type === eventType && accept(payload)) return { payload, postedAt: Number(ts) * SECOND };
      }
      return null;
    },
    find: (key) => posts.find(key),
    permalink: async ({ channel, ts }) => {
      const { permalink } = await limited(() => client.chat.getPermalink({ channel, message_ts: ts }));
      if (!permalink) throw new Error('Slack has no address for a message');
      return permalink;
    },
  };
}

const digestOf = (message: Message): string => createHash('sha256').update(JSON.stringify(message)).digest('hex');
