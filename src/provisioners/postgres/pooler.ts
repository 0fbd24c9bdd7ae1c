/** The doctor's findings about a connection pooler between the bot and the server. */

import type { Finding } from '../../ports/targets.ts';
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
    'each thing is done in one transaction',
    'the connection that the bot keeps for a full server ends there',
    ...(isTemporary ? ['a login made for a grant gets in only if the pooler looks logins up (auth_query)'] : []),
  ];
  return [
    { ok: true, what: `the bot is behind a pooler: ${follows.join('; ')}`, fix: '' },
    ...(user === ''
      ? []
      : [
          {
            ok: server.me === user,
            what: `the pooler logs everybody in as themselves${server.me === user ? '' : `: ${user} becomes ${server.me}, so that PostgreSQL cannot tell people apart`}`,
            fix: 'Take user= out of the database in the configuration of the pooler.',
          },
        ]),
  ];
}
