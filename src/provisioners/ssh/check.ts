import { constants, access as fileAccess, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Instant, MINUTE } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import type { ListedRole } from '../provisioner.ts';
import { type Authority, publicKeyOf, readRevocations, sign } from './keygen.ts';
import type { Role, Target } from './schemas.ts';
import { optionsOf } from './terms.ts';

/** The doctor's checks: signs a certificate of each role that has already expired, and reads the revocation list. */
export async function check(
  target: Target,
  authority: Authority,
  { roles, now }: { roles: readonly ListedRole<Role>[]; now: Instant },
): Promise<Finding[]> {
  const { ca_key: caKey, revocation_list: list } = target;
  const signed = async (principals: readonly string[], options: readonly string[]): Promise<unknown> =>
    sign(authority, {
      keyId: 'jitbot doctor',
      publicKey: await publicKeyOf(authority),
      principals,
      options,
      from: now - 2 * MINUTE,
      to: now - MINUTE,
    });
  return [
    await tried(
      `${caKey} signs certificates`,
      target.agent === undefined
        ? 'The file has to be readable for the bot, without a passphrase.'
        : `The agent at ${target.agent} has to hold the key of ${caKey}: ssh-add -L shows which it holds.`,
      () => signed(['nobody'], []),
    ),
    ...(await Promise.all(
      roles.map(({ roleKey, role }) =>
        tried(`a certificate of ${roleKey} can be made`, 'ssh-keygen says what it does not take in grants.', () =>
          signed(role.principals, optionsOf(role)),
        ),
      ),
    )),
    await tried(`${list} can be written`, 'The bot needs to write in its folder.', () =>
      fileAccess(dirname(list), constants.W_OK),
    ),
    await tried(
      `${list} is a revocation list`,
      'Move it away: the bot writes a new one with the next grant. Until then servers refuse everybody.',
      async () => {
        if (await exists(list)) await readRevocations(list);
      },
    ),
  ];
}

const exists = (file: string): Promise<boolean> =>
  readFile(file).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );

const tried = (what: string, fix: string, work: () => Promise<unknown>): Promise<Finding> =>
  work().then(
    () => ({ ok: true, what }),
    (error: unknown) => ({ ok: false, what: `${what}: ${errorText(error)}`, fix }),
  );
