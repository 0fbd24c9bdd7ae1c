import { z } from 'zod';
import { BOT } from '../../domain/person.ts';
import { SECOND } from '../../domain/terms.ts';
import type { ChannelAnchor, ChannelView } from '../../lifecycle/integrity.ts';
import type { EventReader, Log, PostBook, Store } from '../../ports.ts';
import type { FoundMessage } from '../channelReader.ts';
import { slackErrorCode, slackProblem } from '../clients.ts';
import type { Delivery } from '../delivery.ts';
import type { IdentityBook, OwnMessages } from '../identity.ts';
import { AUDIT_METADATA } from './lines.ts';

/** How far the audit channel has got, among the cursors. */
export const AUDIT_CURSOR = 'audit-channel';
/** Among the posts: the channel that the newest audit message went to. */
export const AUDIT_POST = 'audit:newest';

const positionSchema = z.looseObject({
  ledger: z.string(),
  to: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The position that a message keeps; null: it keeps none that can be compared. */
export function positionIn({ metadata, ts }: FoundMessage): Omit<ChannelAnchor, 'where'> | null {
  if (metadata?.event_type !== AUDIT_METADATA) return null;
  const parsed = positionSchema.safeParse(metadata.event_payload);
  if (!parsed.success) return null;
  const { ledger, to: seq, hash } = parsed.data;
  return { ledger, seq, hash, at: Number(ts) * SECOND };
}

/** Refusals that do not go away by themselves. */
const CLOSED = new Set(['not_in_channel', 'channel_not_found', 'missing_scope', 'no_permission', 'access_denied']);

export interface AnchorDeps {
  /** Where audit messages go now. */
  readonly auditChannel: string;
  readonly store: Store;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly delivery: Pick<Delivery, 'read'>;
  readonly identity: IdentityBook;
  readonly log: Log;
  /** What was found; it decides whether anything may be granted. */
  readonly onChannelRead: (view: ChannelView) => Promise<void>;
}

/**
 * What the audit channel remembers of the ledger, which a database that was tampered with would like forgotten. Only
 * what the bot itself posted counts: anybody in the channel can post something with the same marks.
 */
export function createAuditAnchors(deps: AnchorDeps) {
  const { events, posts, delivery, identity } = deps;
  /** A rate limit in the middle of a long channel does not begin it anew. */
  let reading: { channel: string; cursor: string; read: FoundMessage[] } | null = null;
  let wasRead = false;

  /** Reads back, page by page, until a position of ours was seen, or the channel's beginning. Newest first. */
  async function readBack(channel: string, own: OwnMessages): Promise<readonly FoundMessage[]> {
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
  }

  /** A channel that the policy no longer names may be closed to the bot; the one that it names must be readable. */
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
    const channels = new Set([deps.auditChannel, posts.find(AUDIT_POST)?.channel ?? deps.auditChannel]);
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
    return { anchors, problem: problems[0] ?? null, isExpected: posts.cursor(AUDIT_CURSOR) > 0 };
  }

  /**
   * The channel says what it shows, not the database: a cursor that was moved ahead would silence it, and a message
   * that somebody removed is posted again. Never past an event that is there.
   */
  function followChannel({ anchors }: ChannelView, isFirst: boolean): void {
    const cursor = posts.cursor(AUDIT_CURSOR);
    const newest = events.newest()?.seq ?? 0;
    const ledger = events.origin()?.ledger;
    const shown = anchors.filter((anchor) => anchor.ledger === ledger && events.get(anchor.seq)?.hash === anchor.hash);
    const posted = Math.max(0, ...shown.map(({ seq }) => seq));
    const next = posted > cursor || (isFirst && posted > 0) ? posted : Math.min(cursor, newest);
    if (next !== cursor) posts.moveCursor(AUDIT_CURSOR, next);
  }

  return {
    /** Compares what the channel shows with the ledger, and puts the cursor to where the channel ends. */
    settle: async (): Promise<void> => {
      const view = await look();
      await deps.onChannelRead(view);
      followChannel(view, !wasRead);
      wasRead = true;
      if (view.problem !== null) deps.log.error({ problem: view.problem }, 'the audit channel cannot be read');
    },
  };
}

/** Says once by whom there are messages that look like ours; again only where newer ones came. */
async function sayForged(
  { store, events, log }: AnchorDeps,
  channel: string,
  foreign: readonly FoundMessage[],
): Promise<void> {
  const said = events.marks('channel.forged').map(({ payload }) => payload);
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
