/** Slack did not open a form; whoever wanted it is told so. */
export class NotOpenedError extends Error {
  override readonly name = 'NotOpenedError';
}

/** What somebody reads whose form Slack did not open. */
export const NOT_OPENED =
  ':warning: Slack did not open the form, so nothing was changed. Try again; it waits only three seconds for a form.';
