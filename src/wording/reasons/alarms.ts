/** What the bot calls people for, and what it measured. */

/** Problems that page somebody, because the bot cannot solve them by itself. */
export const ALARMS = {
  overdue: 'access that should be gone is still there',
  ledger: 'the ledger cannot be relied on',
  database: 'the database cannot be written',
  canary: 'the canary failed: access may not be given or ended',
  audit_channel: 'the audit channel is behind',
  disk: 'the disk is nearly full',
  clock: 'the clock of this machine is wrong',
} as const;

/** What was measured. */
export const ALARM_PROBLEMS = {
  overdue: (count: number, ago: string): string => `${count} to be ended, the first should have ended ${ago} ago`,
  databaseUnread: 'it cannot be read',
  lastWrite: (time: string): string => `nothing was written for ${time}`,
  auditBehind: (count: number, ago: string): string => `${count} not shown yet, the first happened ${ago} ago`,
  diskFree: (megabytes: number): string => `${megabytes} MB are free`,
  clockOff: (seconds: number, side: string): string => `it is ${seconds} s ${side} Slack’s and PagerDuty’s`,
  canarySilent: (role: string, time: string): string => `${role}: no result for ${time}`,
} as const;
