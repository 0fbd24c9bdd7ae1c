import { z } from 'zod';
import { BOT } from '../../domain/person.ts';
import { SECOND } from '../../domain/terms.ts';
import type { ChannelAnchor, ChannelView } from '../../lifecycle/health/integrity.ts';
import type { Log } from '../../ports/host.ts';
import { CURSORS, POSTS } from '../../ports/keys.ts';
import type { EventReader } from '../../ports/ledger.ts';
import type { PostBook } from '../../ports/posts.ts';
import type { Store } from '../../ports/store.ts';
import { slackErrorCode, slackProblem } from '../link/clients.ts';
import { AUDIT_METADATA } from './auditMessage.ts';
import type { FoundMessage } from './channelReader.ts';
import type { Delivery } from './delivery.ts';
import type { IdentityBook, OwnMessages } from './identity.ts';

const positionSchema = z.looseObject({
  ledger: z.string(),
  to: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The position in a message, or null if it has none to compare. */
export function positionIn({ metadata, ts }: FoundMessage): Omit<ChannelAnchor, 'where'> | null {
  if (metadata?.event_type !== AUDIT_METADATA) return null;
  const parsed = positionSchema.safeParse(metadata.event_payload);
  if (!parsed.success) return null;
  const { ledger, to: seq, hash } = parsed.data;
  return { ledger, seq, hash, at: Number(ts) * SECOND };
}

/** Errors that do not go away on their own. */
const CLOSED = new Set(['not_in_channel', 'channel_not_found', 'missing_scope', 'no_permission', 'access_denied']);

export interface AnchorDeps {
  /** The current audit channel. */
  readonly auditChannel: () => string;
  readonly store: Store;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly delivery: Pick<Delivery, 'read'>;
  readonly identity: IdentityBook;
  readonly log: Log;
  /** Called with the result, which decides whether anything may be granted. */
  readonly onChannelRead: (view: ChannelView) => Promise<void>;
}

/**
 * Yields marked messages of a channel from newest to oldest, page by page. After a rate limit, it continues where it
 * stopped.
 */
function createBackReader(delivery: AnchorDeps['delivery']) {
  let reading: { channel: string; cursor: string; read: FoundMessage[] } | null = null;

  /** Reads newest first, until a position of this ledger or the start of the channel. */
  return async function readBack(channel: string, own: OwnMessages): Promise<readonly FoundMessage[]> {
    if (reading?.channel !== channel) reading = { channel, cursor: '', read: [] };
    for (;;) {
      const page = await delivery.read({ channel, cursor: reading.cursor, since: null }).catch((error: unknown) => {
        if (slackErrorCode(error) === 'invalid_cursor') reading = null;
        throw error;
      });
      const marked = page.messages.filter(({ metadata }) => metadata?.event_type === AUDIT_METADATA);
      reading.read.push(...marked);
      const isFound = marked.some((message) => own.wrote(message) && positionIn(message) !== null);
      if (!isFound && page.next !== null) {
        reading.cursor = page.next;
        continue;
      }
      const { read } = reading;
      reading = null;
      return read;
    }
  };
}

/**
 * The ledger positions in the audit channel, which reveal a database that was tampered with. Only the bot's own
 * messages count: anyone in the channel can post something with the same marks.
 */
export function createAuditAnchors(deps: AnchorDeps) {
  const { posts, identity } = deps;
  const readBack = createBackReader(deps.delivery);
  let wasRead = false;

  /** A former audit channel may be closed to the bot. The current one must be readable. */
  async function messagesOf(channel: string, own: OwnMessages) {
    try {
      return { messages: await readBack(channel, own), problem: null };
    } catch (error) {
      if (!CLOSED.has(slackErrorCode(error) ?? '')) throw error;
      return { messages: [], problem: slackProblem(error) };
    }
  }

  async function look(): Promise<ChannelView> {
    const own = await identity.own();
    const now = deps.auditChannel();
    const channels = new Set([now, (await posts.find(POSTS.newestAudit))?.channel ?? now]);
    const anchors: ChannelAnchor[] = [];
    const problems: string[] = [];
    for (const channel of channels) {
      const { messages, problem } = await messagesOf(channel, own);
      if (problem !== null) problems.push(problem);
      for (const message of messages) {
        const position = own.wrote(message) ? positionIn(message) : null;
        if (position) anchors.push({ ...position, where: 'the audit channel' });
      }
      await sayForged(
        deps,
        channel,
        messages.filter((message) => !own.wrote(message)),
      );
    }
    return { anchors, problem: problems[0] ?? null, isExpected: (await posts.cursor(CURSORS.audit)) > 0 };
  }

  return {
    /** Compares the channel with the ledger, and sets the cursor to the channel's last event. */
    settle: async (): Promise<void> => {
      const view = await look();
      await deps.onChannelRead(view);
      await followChannel(deps, view, !wasRead);
      wasRead = true;
      if (view.problem !== null) deps.log.error({ problem: view.problem }, 'the audit channel cannot be read');
    },
  };
}

/**
 * Trusts the channel, not the database, for what it shows: a cursor that was moved ahead would suppress events. A
 * removed message is posted again. The cursor never skips an event.
 */
async function followChannel(
  { events, posts }: Pick<AnchorDeps, 'events' | 'posts'>,
  { anchors }: ChannelView,
  isFirst: boolean,
): Promise<void> {
  const cursor = await posts.cursor(CURSORS.audit);
  const newest = (await events.newest())?.seq ?? 0;
  const ledger = (await events.origin())?.ledger;
  let posted = 0;
  for (const anchor of anchors)
    if (anchor.ledger === ledger && (await events.get(anchor.seq))?.hash === anchor.hash)
      posted = Math.max(posted, anchor.seq);
  const next = posted > cursor || (isFirst && posted > 0) ? posted : Math.min(cursor, newest);
  if (next !== cursor) await posts.moveCursor(CURSORS.audit, next);
}

/** Reports once who posted messages that look like ours, and again only if there are newer ones. */
async function sayForged(
  { store, events, log }: AnchorDeps,
  channel: string,
  foreign: readonly FoundMessage[],
): Promise<void> {
  const said = (await events.marks('channel.forged')).map(({ payload }) => payload);
  const byAuthor = Map.groupBy(foreign, ({ user, bot_id }) => JSON.stringify([user ?? '', bot_id ?? null]));
  const found = [...byAuthor].flatMap(([author, messages]) => {
    const [user, bot] = z.tuple([z.string(), z.string().nullable()]).parse(JSON.parse(author));
    const before = said.filter((one) => one.channel === channel && one.user === user && one.bot === bot);
    const known = Math.max(0, ...before.map(({ newest }) => Number(newest)));
    const unsaid = messages.filter(({ ts }) => Number(ts) > known);
    const newest = unsaid.reduce((a, { ts }) => (Number(ts) > Number(a) ? ts : a), '0');
    return unsaid.length === 0 ? [] : [{ channel, user, bot, count: unsaid.length, newest }];
  });
  if (found.length === 0) return;
  for (const payload of found)
    log.error(payload, 'messages with the bot’s marks are not its own; they were not believed');
  await store.commit({
    events: found.map((payload) => ({
      type: 'channel.forged' as const,
      actor: BOT,
      requestId: null,
      grantId: null,
      payload,
    })),
  });
}

export type AuditAnchors = ReturnType<typeof createAuditAnchors>;
