import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

export interface Credentials {
  /** A credentials file. Without it, Google's default credentials are used. */
  readonly credentials?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** Options of every Google client. */
export const clientOptions = ({ endpoint }: Credentials) => ({
  timeout: TARGET_DEADLINE,
  // No retries here: the bot's due work decides what to retry, and when.
  retry: false,
  ...(endpoint !== undefined && { rootUrl: endpoint }),
});

export const authOptions = ({ credentials }: Credentials, scope: string) => ({
  scopes: [scope],
  ...(credentials !== undefined && { keyFile: credentials }),
});

/**
 * Calls Google. An expected status is an answer.
 * @param about what was asked, if Google's message does not say
 * @throws with Google's message
 */
export async function askGoogle<T>(
  call: () => Promise<{ data: T }>,
  expected: readonly number[] = [],
  about = '',
): Promise<T | null> {
  try {
    return (await call()).data;
  } catch (error) {
    const status = statusOf(error);
    if (status !== null && expected.includes(status)) return null;
    throw new Error(`Google: ${about && `${about}: `}${errorText(error)}`, { cause: error });
  }
}

/** The HTTP status of an error, which Google's clients put in one of two places, or null. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const fields = error as { status?: unknown; code?: unknown };
  const found = [fields.status, fields.code].map(Number).find(Number.isInteger);
  return found ?? (error.cause === undefined ? null : statusOf(error.cause));
}
