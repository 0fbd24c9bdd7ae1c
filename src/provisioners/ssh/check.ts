import { constants, access as fileAccess, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Instant, MINUTE } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { SSH_CHECKS } from '../../wording/targets/ssh.ts';
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
      SSH_CHECKS.signs(caKey),
      target.agent === undefined ? SSH_CHECKS.keyFile : SSH_CHECKS.agentKey(target.agent, caKey),
      () => signed(['nobody'], []),
    ),
    ...(await Promise.all(
      roles.map(({ roleKey, role }) =>
        tried(SSH_CHECKS.makes(roleKey), SSH_CHECKS.grantsRefused, () => signed(role.principals, optionsOf(role))),
      ),
    )),
    await tried(SSH_CHECKS.writable(list), SSH_CHECKS.writeRight, () => fileAccess(dirname(list), constants.W_OK)),
    await tried(SSH_CHECKS.isList(list), SSH_CHECKS.moveAway, async () => {
      if (await exists(list)) await readRevocations(list);
    }),
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
