import { createHash } from 'node:crypto';
import type { MessageMetadata } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { HOUR, type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Post, PostBook } from '../../ports/posts.ts';
import type { Message } from '../kit/blocks.ts';
import { slackErrorCode, WebAPIRateLimitedError } from '../link/clients.ts';
import { isForGood, isUnchangeable } from '../link/gate.ts';
import { type ChannelReader, createChannelReader, type FoundMessage } from './channelReader.ts';
import { inEnvironment } from './environment.ts';
import type { IdentityBook } from './identity.ts';
import { sendPlainly } from './plainly.ts';

/** Slack allows about one message a second for each channel, with short bursts, such as a card and its notices. */
const CHANNEL_PACE: Millis = SECOND;
const CHANNEL_BURST = 3;
/** Maximum difference between Slack's clock and ours, for a clock that was set back. */
const CLOCK_SKEW: Millis = 24 * HOUR;
const KEY_METADATA = 'jitbot_message';

/** Slack asks to try again later. Nothing has failed. */
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

/** Posts messages and keeps them up to date. Each has a key, and is posted once. */
export interface Delivery {
  /**
   * Posts the message of a key, or updates it.
   * @param postedSince null for the first try; otherwise an earlier try, not before this time, may have reached Slack,
   * and is looked for first
   * @throws LaterError if Slack asks to wait
   */
  sync(key: string, place: Place, message: Message, postedSince: Instant | null): Promise<Post>;
  /**
   * Updates a message if it was posted, also if only Slack knows of it. Never posts.
   * @param postedSince as for `sync`
   */
  correct(key: string, place: Place, message: Message, postedSince: Instant | null): Promise<void>;
  /** Updates a message if the database knows that it was posted. */
  refresh(key: string, message: Message): Promise<void>;
  /** @returns its place: a message to a person is in their private channel */
  post(
    place: Place,
    message: Message,
    metadata: MessageMetadata,
  ): Promise<{ readonly channel: string; readonly ts: string }>;
  /** Reads a channel page by page, newest first. @throws LaterError if Slack asks to wait */
  readonly read: ChannelReader['page'];
  /** The place of a message, or null if it was not posted yet. */
  find(key: string): Promise<Post | null>;
  /** The address of a message. */
  permalink(post: Post): Promise<string>;
}

interface DeliveryParts {
  readonly client: WebClient;
  readonly posts: PostBook;
  readonly clock: Pick<Clock, 'now'>;
  readonly identity: IdentityBook;
  readonly log: Pick<Log, 'error'>;
  /** The environment's name on every message, if it is set. */
  readonly environment: () => string | undefined;
}

type PostTo = Delivery['post'];
/** Turns a rate limit into a LaterError. */
type Limited = <T>(call: () => Promise<T>) => Promise<T>;

export function createDelivery(parts: DeliveryParts): Delivery {
  const { client, posts, clock } = parts;
  const limited: Limited = (call) =>
    call().catch((error: unknown) => {
      if (error instanceof WebAPIRateLimitedError) throw new LaterError(clock.now() + error.retryAfter * SECOND);
      throw error;
    });
  const reader = createChannelReader(client, limited);
  const post = postingTo(parts, limited);
  const update = updating(parts, limited, post);
  const findPosted = findingIn(parts, limited, reader);
  const findKeptOrLost = async (key: string, place: Place, postedSince: Instant | null): Promise<Post | null> => {
    const kept = await posts.find(key);
    if (kept || postedSince === null) return kept;
    const lost = await findPosted(key, place, postedSince);
    return lost && { ...lost, digest: '' };
  };
  const shown = (message: Message) => inEnvironment(message, parts.environment());
  return {
    post: (place, message, metadata) => post(place, shown(message), metadata),
    sync: async (key, place, bare, postedSince) => {
      const message = shown(bare);
      const there = await findKeptOrLost(key, place, postedSince);
      if (there) return update(key, there, message, place);
      const posted = await post(place, message, metadataOf(key));
      const made = { ...posted, digest: digestOf(message) };
      await posts.keep(key, made);
      return made;
    },
    correct: async (key, place, message, postedSince) => {
      const there = await findKeptOrLost(key, place, postedSince);
      if (there) await update(key, there, shown(message), place);
    },
    refresh: async (key, message) => {
      const kept = await posts.find(key);
      if (kept) await update(key, kept, shown(message));
    },
    read: reader.page,
    find: (key) => posts.find(key),
    permalink: async ({ channel, ts }) => {
      const { permalink } = await limited(() => client.chat.getPermalink({ channel, message_ts: ts }));
      if (!permalink) throw new Error('Slack has no address for a message');
      return permalink;
    },
  };
}

/** Limits the rate of messages for each channel. */
function postingTo({ client, clock, log }: DeliveryParts, limited: Limited): PostTo {
  /** When all messages to a channel would have been sent at an even rate. */
  const evenPace = new Map<string, Instant>();
  return async ({ channel, threadTs }, message, metadata) => {
    const next = Math.max(evenPace.get(channel) ?? 0, clock.now()) + CHANNEL_PACE;
    const allowed = next - CHANNEL_BURST * CHANNEL_PACE;
    if (clock.now() < allowed) throw new LaterError(allowed);
    evenPace.set(channel, next);
    const posted = await limited(() =>
      sendPlainly(log, metadata.event_type, message, (shown) =>
        client.chat.postMessage({
          channel,
          ...shown,
          metadata,
          unfurl_links: false,
          unfurl_media: false,
          ...(threadTs && { thread_ts: threadTs }),
        }),
      ),
    );
    if (!posted.ts) throw new Error('Slack took a message but did not say where it is');
    return { channel: posted.channel ?? channel, ts: posted.ts };
  };
}

type FindPosted = (key: string, place: Place, since: Instant) => Promise<{ channel: string; ts: string } | null>;

/** Searches everything posted there since then. Finds only what is certainly ours. */
function findingIn({ client, identity }: DeliveryParts, limited: Limited, reader: ChannelReader): FindPosted {
  const directChannels = new Map<string, string>();

  /** Slack accepts a person's id in place of the private channel, except for reading. */
  async function directChannel(slackId: string): Promise<string> {
    const known = directChannels.get(slackId);
    if (known) return known;
    const opened = await limited(() => client.conversations.open({ users: slackId }));
    const id = opened.channel?.id;
    if (!id) throw new Error(`Slack opened no direct message with ${slackId}`);
    directChannels.set(slackId, id);
    return id;
  }

  return async (key, { channel: given, threadTs }, since) => {
    const channel = /^[UW]/.test(given) ? await directChannel(given) : given;
    const own = await identity.own();
    const isIt = (message: FoundMessage) =>
      message.metadata?.event_type === KEY_METADATA && message.metadata.event_payload.key === key && own.wrote(message);
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await reader.page({ channel, threadTs, cursor, since: since - CLOCK_SKEW });
      const found = page.messages.find(isIt);
      if (found) return { channel, ts: found.ts };
      cursor = page.next;
    }
    return null;
  };
}

type Update = (key: string, known: Post, message: Message, place?: Place) => Promise<Post>;

/** @param place where to post it again if Slack does not let the old message be changed; by default its channel */
function updating({ client, posts, log }: DeliveryParts, limited: Limited, post: PostTo): Update {
  return async (key, known, message, place) => {
    const digest = digestOf(message);
    if (known.digest === digest) return known;
    const at = { channel: known.channel, ts: known.ts };
    let kept = { ...known, digest };
    try {
      await limited(() => sendPlainly(log, key, message, (shown) => client.chat.update({ ...at, ...shown })));
    } catch (error) {
      const code = slackErrorCode(error);
      if (isUnchangeable(code)) {
        log.error({ err: error, code, message: key }, 'Slack lets a message not be changed; it is posted anew');
        kept = { ...(await post(place ?? { channel: known.channel }, message, metadataOf(key))), digest };
      }
      // Somebody removed the message; the ledger still has everything. Permanent refusals of Slack are logged.
      else if (code !== 'message_not_found' && !isForGood(code)) throw error;
    }
    await posts.keep(key, kept);
    return kept;
  };
}

const metadataOf = (key: string): MessageMetadata => ({ event_type: KEY_METADATA, event_payload: { key } });

const digestOf = (message: Message): string => createHash('sha256').update(JSON.stringify(message)).digest('hex');
