/** The arguments of a command were not understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
