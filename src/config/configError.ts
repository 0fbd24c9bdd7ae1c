/** Something in the configuration that has to be put right before the bot can start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
