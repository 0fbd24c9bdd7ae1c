/** Slack did not open a form; whoever wanted it is told so. */
export class NotOpenedError extends Error {
  override readonly name = 'NotOpenedError';
}
