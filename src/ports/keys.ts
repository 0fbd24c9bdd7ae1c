/** Names that rows of the database are found by, where several rooms or a query share them. Stored: renaming one takes a migration. */

/** How far each reader of the ledger has got. */
export const CURSORS = {
  audit: 'audit-channel',
  /** Not a reader: the latest time that the bot knows of. */
  clock: 'clock',
  forwardTo: (place: string) => `forward:${place}`,
} as const;

/** Slack messages that are kept up to date. */
export const POSTS = {
  /** In which channel the newest audit message stands. */
  newestAudit: 'audit:newest',
  card: (bundle: string) => `card:${bundle}`,
} as const;

/** Keys of due work that stands for more than one thing. */
export const JOB_KEYS = {
  auditChannel: 'audit-channel',
  everybody: 'everybody',
  everyResource: 'resources',
  ledger: 'ledger',
  weekly: 'weekly',
} as const;
