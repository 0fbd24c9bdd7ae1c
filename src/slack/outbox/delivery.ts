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

/** Slack takes about one message a second per channel, and a few more for a moment: a card and its buttons. */
const CHANNEL_PACE: Millis = SECOND;
const CHANNEL_BURST = 3;
/** How far Slack's clock and ours may be apart: a bot whose clock was set back goes on from where it was. */
const CLOCK_SKEW: Millis = 24 * HOUR;
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
   * @param postedSince an earlier try, at this time at the earliest, may have reached Slack: look for it there first;
   * null: this is the first try
   * @throws LaterError where Slack wants us to wait
   */
  sync(key: string, place: Place, message: Message, postedSince: Instant | null): Promise<Post>;
  /**
   * Brings a message up to date where it was posted, as far as anybody knows or Slack shows, and posts nothing.
   * @param postedSince as for `sync`
   */
  correct(key: string, place: Place, message: Message, postedSince: Instant | null): Promise<void>;
  /** Brings a message up to date if it is known to be posted. */
  refresh(key: string, message: Message): Promise<void>;
  /** @returns where it is: a message to a person is in the channel with them */
  post(
    place: Place,
    message: Message,
    metadata: MessageMetadata,
  ): Promise<{ readonly channel: string; readonly ts: string }>;
  /** Reads a channel back, page by page, newest first. @throws LaterError where Slack wants us to wait */
  readonly read: ChannelReader['page'];
  /** Where a kept message went; null: it was not posted yet. */
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
  /** What every message says of where it comes from; undefined: nothing. */
  readonly environment: () => string | undefined;
}

type PostTo = Delivery['post'];
/** Makes a rate limit "later" instead of a failure. */
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

/** At an even pace for each channel. */
function postingTo({ client, clock, log }: DeliveryParts, limited: Limited): PostTo {
  /** When all that was posted to a channel would have been posted at an even pace. */
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

/** Looks through everything that was posted there since then; only what is certainly ours is found. */
function findingIn({ client, identity }: DeliveryParts, limited: Limited, reader: ChannelReader): FindPosted {
  const directChannels = new Map<string, string>();

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

/** @param place where it goes anew, should Slack not let what stands there be changed; by default its channel */
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
      // Somebody removed it from the channel; the ledger still has it all. What Slack refuses for good is in the log.
      else if (code !== 'message_not_found' && !isForGood(code)) throw error;
    }
    await posts.keep(key, kept);
    return kept;
  };
}

const metadataOf = (key: string): MessageMetadata => ({ event_type: KEY_METADATA, event_payload: { key } });

const digestOf = (message: Message): string => createHash('sha256').update(JSON.stringify(message)).digest('hex');
