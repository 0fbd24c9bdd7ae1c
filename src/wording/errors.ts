/** What people read when the bot or a service fails: what is true now, and what to do. */

import { say } from './pieces.ts';

export const ERRORS = {
  /** For failures while somebody was requesting access. */
  notRequested: say`:warning: Something went wrong on my side, so *nothing was requested and nothing was granted*. Try again in a minute. If it keeps failing, tell the people who run the bot.`,
  notChanged: say`:warning: Something went wrong on my side, so nothing was changed. Try again in a minute.`,
  notEnded: say`:warning: Something went wrong on my side: *the access is still active*. Try again in a minute with \`/jit revoke\`; an administrator can end it with \`/jit admin\`. It still ends at its time.`,
  notExtended: say`:warning: Something went wrong on my side, so *no more time was requested*. Your access ends when it would have. Try again in a minute with \`/jit extend\`.`,
  notCancelled: say`:warning: Something went wrong on my side: *the request is not cancelled*, and can still be approved. Try again in a minute with \`/jit cancel\`.`,
  notReviewed: say`:warning: Something went wrong on my side, so *your answer was not recorded*. Try again in a minute.`,
  notLookedUp: say`:warning: Something went wrong on my side, so I could not look this up. Nothing was changed. Try again in a minute.`,
  notFrozen: say`:warning: Something went wrong on my side: as far as I know *access is not frozen*, and what was active still is. Try again now: \`/jit admin freeze REASON\`.`,
  notGranted: say`:warning: Something went wrong on my side, so *nothing was granted*. Try again; if it is urgent, call an administrator.`,
  adminFailed: say`:warning: Something went wrong on my side. *What you wanted to end or freeze may still be active*: check with \`/jit admin\`, and try again.`,
  notOpened: say`:warning: Slack did not open the form in time, so nothing was changed. Please try again.`,
  /** For messages that Slack does not accept as a whole. */
  simpler: say`Slack did not accept the whole message. \`/jit why\` shows everything.`,
  decideAtHome: say`What there is to decide is also on this app’s Home.`,
} as const;
