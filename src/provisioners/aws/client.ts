import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** What every client of AWS is made with. Credentials come from where AWS's own tools find them. */
export const clientOptions = ({ region, endpoint }: { region: string; endpoint?: string | undefined }) => ({
  region,
  ...(endpoint !== undefined && { endpoint }),
  // What is to be tried again, and when, is for the bot's own due work to say.
  maxAttempts: 1,
  requestHandler: { requestTimeout: TARGET_DEADLINE, connectionTimeout: TARGET_DEADLINE, throwOnRequestTimeout: true },
});

/**
 * Asks AWS. An error that is expected is an answer.
 * @throws with the service's name and AWS's own word
 */
export async function askAws<T>(
  service: string,
  call: () => Promise<T>,
  expected: string | null = null,
): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (expected !== null && name === expected) return null;
    throw new Error(`${service}: ${name}: ${errorText(error)}`, { cause: error });
  }
}
