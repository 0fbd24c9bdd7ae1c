import type { IAM } from '@aws-sdk/client-iam';
import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** Options of every AWS client. Credentials come from AWS's default chain. */
export const clientOptions = ({ region, endpoint }: { region: string; endpoint?: string | undefined }) => ({
  region,
  ...(endpoint !== undefined && { endpoint }),
  // No retries here: the bot's due work decides what to retry, and when.
  maxAttempts: 1,
});

/** Aborts each request after a deadline: the timeouts of AWS's clients do not apply while an answer keeps arriving. */
export function inTime<T extends { readonly config: Pick<IAM['config'], 'requestHandler'> }>(client: T): T {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) =>
    handle(request, { ...options, abortSignal: AbortSignal.timeout(TARGET_DEADLINE) });
  return client;
}

/** Calls AWS. An expected error is an answer. @throws with the names of the service and of AWS's error */
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
