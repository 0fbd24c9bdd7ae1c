/** Stored names that several folders or a query share. Renaming one takes a migration. */

/** The position of each reader of the ledger. */
export const CURSORS = {
  audit: 'audit-channel',
  /** The latest time that the bot knows of. This one is no reader. */
  clock: 'clock',
  forwardTo: (place: string) => `forward:${place}`,
} as const;

/** Slack messages that are kept up to date. */
export const POSTS = {
  /** The channel of the newest audit message. */
  newestAudit: 'audit:newest',
  card: (bundle: string) => `card:${bundle}`,
} as const;

/** Keys of due work that stands for more than one thing. */
export const JOB_KEYS = {
  auditChannel: 'audit-channel',
  canary: 'canary',
  everybody: 'everybody',
  everyResource: 'resources',
  ledger: 'ledger',
  weekly: 'weekly',
} as const;
