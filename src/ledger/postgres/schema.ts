/** The tables for queries. migrations/postgres creates them, with the functions that write them. */

import { bigint, boolean, integer, pgTable, primaryKey, text } from './drizzle.ts';

const instant = (name: string) => bigint(name, { mode: 'number' });

export const events = pgTable('events', {
  seq: instant('seq').primaryKey(),
  at: instant('at').notNull(),
  type: text('type').notNull(),
  actor: text('actor').notNull(),
  requestId: text('request_id'),
  grantId: text('grant_id'),
  payload: text('payload').notNull(),
  prevHash: text('prev_hash').notNull(),
  hash: text('hash').notNull(),
});

/** Index of events by the people they are about or by. */
export const eventPeople = pgTable(
  'event_people',
  { person: text('person').notNull(), seq: instant('seq').notNull() },
  (table) => [primaryKey({ columns: [table.person, table.seq] })],
);

export const names = pgTable('names', {
  ref: text('ref').primaryKey(),
  person: text('person').notNull(),
  salt: text('salt'),
  value: text('value'),
});

export const requests = pgTable('requests', {
  id: text('id').primaryKey(),
  /** In the order in which they were made. */
  n: instant('n').notNull(),
  version: integer('version').notNull(),
  state: text('state').notNull(),
  submissionKey: text('submission_key').notNull(),
  requester: text('requester').notNull(),
  mailbox: text('mailbox').notNull(),
  role: text('role').notNull(),
  bundle: text('bundle').notNull(),
  reviewDue: instant('review_due'),
  extendsGrant: text('extends_grant'),
  incident: text('incident'),
  /** When it was approved or denied, or will begin; null while it is open. */
  decidedAt: instant('decided_at'),
  isReviewed: boolean('is_reviewed').notNull(),
  body: text('body').notNull(),
});

export const grants = pgTable('grants', {
  id: text('id').primaryKey(),
  n: instant('n').notNull(),
  version: integer('version').notNull(),
  state: text('state').notNull(),
  requestId: text('request_id').notNull(),
  person: text('person').notNull(),
  mailbox: text('mailbox').notNull(),
  role: text('role').notNull(),
  resource: text('resource').notNull(),
  place: text('place'),
  incident: text('incident'),
  body: text('body').notNull(),
});

export const records = pgTable(
  'records',
  {
    kind: text('kind').notNull(),
    key: text('key').notNull(),
    version: integer('version').notNull(),
    body: text('body').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);

export const posts = pgTable('posts', {
  key: text('key').primaryKey(),
  channel: text('channel').notNull(),
  ts: text('ts').notNull(),
  digest: text('digest').notNull(),
});

export const cursors = pgTable('cursors', { name: text('name').primaryKey(), seq: instant('seq').notNull() });

export const seats = pgTable(
  'seats',
  {
    grantId: text('grant_id').notNull(),
    place: text('place').notNull(),
    account: text('account').notNull(),
    level: text('level').notNull(),
    role: text('role').notNull(),
    before: text('before'),
  },
  (table) => [primaryKey({ columns: [table.grantId, table.place] })],
);

export const targetIds = pgTable(
  'target_ids',
  { grantId: text('grant_id').notNull(), thing: text('thing').notNull(), id: text('id').notNull() },
  (table) => [primaryKey({ columns: [table.grantId, table.thing] })],
);
