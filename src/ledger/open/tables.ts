/** The tables that both engines have, with the columns that a copy takes along. */

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** How PostgreSQL orders its rows; SQLite has them in the order in which they are put in. */
  readonly order: string;
  /** How SQLite orders them. */
  readonly rowOrder: string;
}

/** Only ever grow. */
export const GROWING: readonly Table[] = [
  {
    name: 'events',
    columns: ['seq', 'at', 'type', 'actor', 'request_id', 'grant_id', 'payload', 'prev_hash', 'hash'],
    order: 'seq',
    rowOrder: 'seq',
  },
  { name: 'event_people', columns: ['person', 'seq'], order: 'seq, person', rowOrder: 'seq, person' },
];

/** In this order, each row refers only to earlier tables. */
export const CHANGING: readonly Table[] = [
  { name: 'names', columns: ['ref', 'person', 'salt', 'value'], order: 'ref', rowOrder: 'ref' },
  {
    name: 'requests',
    columns: [
      ...['id', 'version', 'state', 'submission_key', 'requester', 'mailbox', 'role', 'bundle', 'review_due', 'body'],
    ],
    order: 'n',
    rowOrder: 'rowid',
  },
  {
    name: 'grants',
    columns: ['id', 'version', 'state', 'request_id', 'person', 'mailbox', 'role', 'resource', 'body'],
    order: 'n',
    rowOrder: 'rowid',
  },
  { name: 'records', columns: ['kind', 'key', 'version', 'body'], order: 'kind, key', rowOrder: 'kind, key' },
  {
    name: 'jobs',
    columns: ['kind', 'key', 'due_at', 'attempts', 'lease_until', 'generation'],
    order: 'kind, key',
    rowOrder: 'kind, key',
  },
  { name: 'posts', columns: ['key', 'channel', 'ts', 'digest'], order: 'key', rowOrder: 'key' },
  { name: 'cursors', columns: ['name', 'seq'], order: 'name', rowOrder: 'name' },
  {
    name: 'seats',
    columns: ['grant_id', 'place', 'account', 'level', 'role', 'before'],
    order: 'grant_id, place',
    rowOrder: 'grant_id, place',
  },
  { name: 'target_ids', columns: ['grant_id', 'thing', 'id'], order: 'grant_id, thing', rowOrder: 'grant_id, thing' },
];
