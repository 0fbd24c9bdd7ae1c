import { ConfigError } from '../config/configError.ts';
import { secretsNamed } from '../config/secrets.ts';
import { createStriker } from '../domain/secrets.ts';
import { StorageError } from '../ports/store.ts';
import { takeEnvironment } from './environment.ts';
import { shown } from './shown.ts';

/**
 * Runs the work of a command. Mistakes in files and the environment become one line and exit code 2.
 * @throws everything else
 */
export async function reported(work: () => number | Promise<number>): Promise<number> {
  try {
    if (!takeEnvironment()) return 2;
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
    process.stderr.write(`${shown(createStriker(secretsNamed(process.env))(error.message))}\n`);
    return 2;
  }
}
