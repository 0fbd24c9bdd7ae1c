import { useProxyOf } from '../app/proxy.ts';
import { ConfigError } from '../config/configError.ts';
import { readEnvFile } from '../config/variables.ts';

/**
 * Reads `.env` and the proxy, as the bot does. Files of secrets are read where a command uses them (`readSecretFiles`).
 * @returns false if they cannot be read; stderr says why
 */
export function takeEnvironment(): boolean {
  try {
    readEnvFile(process.env);
    useProxyOf(process.env);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`jitbot: ${error.message}\n`);
    return false;
  }
}
