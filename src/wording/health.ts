/** How the bot is, as monitors, watches and administrators read it. | */

/** `/readyz`. */
export const READINESS = {
  standby: 'another bot works on this ledger',
  ledger: 'it is still being checked',
  slack: 'the bot is not connected to Slack',
  dueWork: (since: string): string => `work has been due since ${since}`,
  unread: 'it cannot be read',
  neverWritten: 'nothing was written yet',
  lastWrite: (at: string): string => `nothing was written since ${at}`,
} as const;

/** `jitbot watch`. */
export const WATCH = {
  again: 'it answers again',
  answers: (status: number, text: string): string => `it answers ${status}: ${text}`,
  noAnswer: (why: string): string => `it does not answer: ${why}`,
  unwell: (time: string): string => `jitbot has not been well for ${time}: access may not end on time`,
  well: (time: string): string => `jitbot is well again, after ${time}`,
} as const;

/** Why the ledger cannot be relied on. */
export const LEDGER_DOUBT = {
  otherRules: (parts: string): string => `the database has other rules than the bot gave it: ${parts}`,
} as const;
