/** Why something that arrived at the bot's port is refused. It stands in the log; the sender only reads the status. */

/** By what arrived. */
export const REFUSED = {
  noPath: 'nothing is delivered there',
  noPost: 'it is not a POST',
  tooLarge: 'it is too large',
  wrongSignature: 'its signature is wrong',
  noGet: 'it is not a GET',
  noToken: 'it does not carry the token in JIT_METRICS_TOKEN',
} as const;
