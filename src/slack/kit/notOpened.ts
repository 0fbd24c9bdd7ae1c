/** Slack did not open a form. The person is told. */
export class NotOpenedError extends Error {
  override readonly name = 'NotOpenedError';
}
