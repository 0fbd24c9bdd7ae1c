import { useProxyOf } from '../app/proxy.ts';
import { ConfigError } from '../config/configError.ts';
import { readEnvironment } from '../config/variables.ts';

/**
 * Reads `.env`, secrets in files and the proxy, as the bot does.
 * @returns false if they cannot be read; stderr says why
 */
export function takeEnvironment(): boolean {
  try {
    readEnvironment(process.env);
    useProxyOf(process.env);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`jitbot: ${error.message}\n`);
    return false;
  }
}
