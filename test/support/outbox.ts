/** What the bot writes to Slack, over a real ledger, with a workspace that is a list of messages. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { unknown } from '../../src/domain/terms.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import type { ChannelView } from '../../src/lifecycle/health/integrity.ts';
import type { Post, PostBook } from '../../src/ports/posts.ts';
import { createAuditAnchors } from '../../src/slack/outbox/auditAnchors.ts';
import { createDelivery } from '../../src/slack/outbox/delivery.ts';
import { createIdentityBook } from '../../src/slack/outbox/identity.ts';
import type { ProjectionDeps } from '../../src/slack/outbox/projectionDeps.ts';
import { manualClock } from './clock.ts';
import { recordedLog } from './log.ts';
import { SaidClient } from './slackClient.ts';
import { noWindows } from './windows.ts';

/** The bot at Slack. */
export const US = { team: 'T0HARBOR', user: 'U0JIT', bot: 'B0JIT' };

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  readonly thread_ts?: string;
  readonly text: string;
  readonly user: string;
  readonly bot_id?: string;
  readonly team: string;
  readonly metadata?: unknown;
}

export const bookOf = (posts: Map<string, Post>, cursors = new Map<string, number>()): PostBook => ({
  find: async (key) => posts.get(key) ?? null,
  keysOf: async (beginning) => [...posts.keys()].filter((key) => key.startsWith(beginning)).sort(),
  keep: async (key, post) => void posts.set(key, post),
  cursor: async (name) => cursors.get(name) ?? 0,
  moveCursor: async (name, seq) => void cursors.set(name, seq),
});

/** What somebody says who has nothing to say but that it happened. */
export const happened = (signal: string): NewEvent => ({
  type: 'bot.stopped',
  actor: BOT,
  requestId: null,
  grantId: null,
  payload: { signal },
});

export function startOutbox(policy: Policy) {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-outbox-'));
  const ledger = openLedger(join(folder, 'jit.db'));
  ledger.sqlite.pragma('synchronous = OFF');
  const clock = manualClock();
  const log = recordedLog();
  const client = new SaidClient();
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  const events = createEventReader(ledger);
  const posts = createPostBook(ledger);
  /** Oldest first. */
  const messages: SlackMessage[] = [];
  /** What the audit channel was found to show. */
  const views: ChannelView[] = [];
  const homes: string[] = [];
  let pageSize = 200;
  let serial = 1_000;

  client.says('auth.test', { team_id: US.team, user_id: US.user, bot_id: US.bot });
  client.says('chat.postMessage', ({ channel, text, metadata, thread_ts }) => {
    const message: SlackMessage = {
      channel: String(channel),
      ts: `${++serial}.000100`,
      ...(typeof thread_ts === 'string' && { thread_ts }),
      text: String(text),
      user: US.user,
      bot_id: US.bot,
      team: US.team,
      metadata,
    };
    messages.push(message);
    return { channel, ts: message.ts };
  });
  client.says('chat.update', {});
  client.says('chat.getPermalink', ({ message_ts }) => ({
    permalink: `https://harbor.slack.com/${String(message_ts)}`,
  }));
  client.says('conversations.open', { channel: { id: 'D0ANA' } });
  client.says('conversations.replies', { messages: [] });
  client.says('conversations.history', ({ channel, cursor }) => {
    const all = messages.filter((one) => one.channel === channel).toReversed();
    const from = Number(cursor ?? 0);
    const next = from + pageSize;
    return {
      messages: all.slice(from, next),
      has_more: next < all.length,
      response_metadata: { next_cursor: next < all.length ? String(next) : '' },
    };
  });

  const connect = (): ProjectionDeps => {
    const identity = createIdentityBook({ client, store, events, log });
    const delivery = createDelivery({
      client,
      posts,
      clock,
      identity,
      log,
      environment: () => outbox.policy.environment,
    });
    return {
      policy: () => outbox.policy,
      store,
      targets: { issuesCredentials: () => false },
      directory: { names: async () => new Map(), members: async () => new Map() },
      onCall: { nameOf: async () => unknown('PagerDuty is not asked') },
      events,
      posts,
      delivery,
      clock,
      windows: noWindows,
      refreshHome: async (slackId) => void homes.push(slackId),
      anchors: createAuditAnchors({
        auditChannel: () => outbox.policy.auditChannel,
        store,
        events,
        posts,
        delivery,
        identity,
        log,
        onChannelRead: async (view) => void views.push(view),
      }),
    };
  };
  const outbox = {
    policy,
    clock,
    log,
    client,
    store,
    events,
    posts,
    messages,
    views,
    homes,
    /** What the process has after it was started again. */
    connect,
    pagesOf: (size: number): void => {
      pageSize = size;
    },
    /** Somebody posts something of their own. */
    put: (message: Partial<SlackMessage>): void => {
      messages.push({
        channel: 'C0AUDIT',
        ts: `${++serial}.000100`,
        text: '',
        team: US.team,
        user: 'U0EVE',
        ...message,
      });
    },
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return outbox;
}
export type Outbox = ReturnType<typeof startOutbox>;
