/** The tables for queries. migrations/ creates them, with checks and triggers that drizzle cannot express. */

import { integer, primaryKey, sqliteTable, text } from './drizzle.ts';

export const events = sqliteTable('events', {
  seq: integer('seq').primaryKey(),
  at: integer('at').notNull(),
  type: text('type').notNull(),
  actor: text('actor').notNull(),
  requestId: text('request_id'),
  grantId: text('grant_id'),
  payload: text('payload').notNull(),
  prevHash: text('prev_hash').notNull(),
  hash: text('hash').notNull(),
});

/** Index of events by the people they are about or by. */
export const eventPeople = sqliteTable(
  'event_people',
  {
    person: text('person').notNull(),
    seq: integer('seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.person, table.seq] })],
);

/** The values of references in events. Both columns are null if erased. */
export const names = sqliteTable('names', {
  ref: text('ref').primaryKey(),
  /** Slack id. */
  person: text('person').notNull(),
  salt: text('salt'),
  value: text('value'),
});

export const requests = sqliteTable('requests', {
  id: text('id').primaryKey(),
  version: integer('version').notNull(),
  state: text('state').notNull(),
  submissionKey: text('submission_key').notNull(),
  requester: text('requester').notNull(),
  /** The requester's mailbox at the request, without subaddress; '' if erased. */
  mailbox: text('mailbox').notNull(),
  role: text('role').notNull(),
  /** Shared by requests that were made together. */
  bundle: text('bundle').notNull(),
  /** When the review of a break-glass use is due; null if there is none to do. */
  reviewDue: integer('review_due'),
  body: text('body').notNull(),
});

/** Small states by kind and key: domain/records.ts. */
export const records = sqliteTable(
  'records',
  {
    kind: text('kind').notNull(),
    key: text('key').notNull(),
    version: integer('version').notNull(),
    body: text('body').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);

export const grants = sqliteTable('grants', {
  id: text('id').primaryKey(),
  version: integer('version').notNull(),
  state: text('state').notNull(),
  requestId: text('request_id').notNull(),
  person: text('person').notNull(),
  /** The person's mailbox when it was given, without subaddress; '' if erased. */
  mailbox: text('mailbox').notNull(),
  role: text('role').notNull(),
  resource: text('resource').notNull(),
  body: text('body').notNull(),
});

export const jobs = sqliteTable(
  'jobs',
  {
    kind: text('kind').notNull(),
    key: text('key').notNull(),
    dueAt: integer('due_at').notNull(),
    /** Claims since the last success, including those that a crash interrupted. */
    attempts: integer('attempts').notNull(),
    /** When the current claim runs out. */
    leaseUntil: integer('lease_until').notNull(),
    /** Distinguishes puts of the job: finishing an older one leaves the newer alone. */
    generation: integer('generation').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);

/** Where a Slack message that is kept up to date was posted. */
export const posts = sqliteTable('posts', {
  key: text('key').primaryKey(),
  channel: text('channel').notNull(),
  ts: text('ts').notNull(),
  /** SHA-256 of what it shows, so that an unchanged message is left alone. */
  digest: text('digest').notNull(),
});

/** The position of a reader of the ledger. */
export const cursors = sqliteTable('cursors', {
  name: text('name').primaryKey(),
  seq: integer('seq').notNull(),
});
