import type { IAM } from '@aws-sdk/client-iam';
import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** What every client of AWS is made with. Credentials come from where AWS's own tools find them. */
export const clientOptions = ({ region, endpoint }: { region: string; endpoint?: string | undefined }) => ({
  region,
  ...(endpoint !== undefined && { endpoint }),
  // What is to be tried again, and when, is for the bot's own due work to say.
  maxAttempts: 1,
});

/** Each request has an end of its own: the timeouts of AWS's clients do not count while an answer goes on and on. */
export function inTime<T extends { readonly config: Pick<IAM['config'], 'requestHandler'> }>(client: T): T {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) =>
    handle(request, { ...options, abortSignal: AbortSignal.timeout(TARGET_DEADLINE) });
  return client;
}

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
