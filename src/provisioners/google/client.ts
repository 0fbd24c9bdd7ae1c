import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

export interface Credentials {
  /** A file of credentials; left out: found where Google's own tools find them. */
  readonly credentials?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** What every client of Google's is made with. */
export const clientOptions = ({ endpoint }: Credentials) => ({
  timeout: TARGET_DEADLINE,
  // What is to be tried again, and when, is for the bot's own due work to say.
  retry: false,
  ...(endpoint !== undefined && { rootUrl: endpoint }),
});

export const authOptions = ({ credentials }: Credentials, scope: string) => ({
  scopes: [scope],
  ...(credentials !== undefined && { keyFile: credentials }),
});

/**
 * Asks Google. A status that is expected is an answer.
 * @param about what was asked, where Google's own word does not say
 * @throws with Google's own word
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

/** The HTTP status of an error, which Google's clients put in one of two places; null: it has none. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const fields = error as { status?: unknown; code?: unknown };
  const found = [fields.status, fields.code].map(Number).find(Number.isInteger);
  return found ?? (error.cause === undefined ? null : statusOf(error.cause));
}
