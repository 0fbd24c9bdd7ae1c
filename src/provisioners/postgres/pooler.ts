/** The doctor's findings about a connection pooler between the bot and the server. */

import type { Finding } from '../../ports/targets.ts';
import { POSTGRES_CHECKS } from '../../wording/targets/postgres.ts';
import type { Client } from './transaction.ts';

/**
 * @param user the user in the address; empty if it names none
 * @param isTemporary whether logins are made for grants
 */
export async function poolerFindings(
  client: Client,
  { user, isTemporary }: { user: string; isTemporary: boolean },
): Promise<Finding[]> {
  const { rows } = await client.query<{ pid: number; me: string }>(
    'SELECT pg_catalog.pg_backend_pid() AS pid, session_user::text AS me',
  );
  const [server] = rows;
  // A pooler gives each client a made-up process id.
  if (!server || !('processID' in client) || client.processID === server.pid) return [];
  const follows = [
    POSTGRES_CHECKS.pooledSteps,
    POSTGRES_CHECKS.pooledReserve,
    ...(isTemporary ? [POSTGRES_CHECKS.pooledLogins] : []),
  ];
  return [
    { ok: true, what: POSTGRES_CHECKS.pooled(follows.join('; ')), fix: '' },
    ...(user === ''
      ? []
      : [
          {
            ok: server.me === user,
            what: POSTGRES_CHECKS.pooledAsThemselves(user, server.me),
            fix: POSTGRES_CHECKS.pooledFix,
          },
        ]),
  ];
}
