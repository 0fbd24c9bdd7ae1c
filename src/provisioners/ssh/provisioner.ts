import { constants, access as fileAccess } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type Instant, MINUTE } from '../../domain/terms.ts';
import type { Finding } from '../../ports.ts';
import { placeText } from '../place.ts';
import { type Access, type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { type Authority, publicKeyOf, sign } from './keygen.ts';
import { revocationList } from './revocations.ts';

const path = z.string().regex(/^\//, 'expected a path from the root, such as /etc/jitbot/user_ca');

const targetSchema = z.strictObject({
  kind: z.literal('ssh'),
  /** The authority's private key; with `agent`, its public key. */
  ca_key: path,
  /** The socket of the agent that holds the private key. */
  agent: path.optional(),
  /** What servers read as RevokedKeys. */
  revocation_list: path,
  /** Takes the list to the servers after each change: a program and its arguments, without a shell. */
  publish: z.array(z.string().min(1)).default([]),
  /** Where somebody's public key stands. */
  public_key: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{ssh_key}"')
    .default('{ssh_key}'),
});

const FEATURES = ['pty', 'port-forwarding', 'agent-forwarding', 'X11-forwarding', 'user-rc'] as const;

const roleSchema = z.strictObject({
  /** Names that servers let in: logins, or what AuthorizedPrincipalsFile says. */
  principals: z
    .array(z.string().regex(/^[^\s,{}]+$/, 'expected a name without spaces or commas'))
    .min(1, 'name at least one principal'),
  /** The one command that the certificate is good for. */
  command: z.string().min(1).optional(),
  /** Addresses it may be used from. */
  source_addresses: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'expected an address or a range such as 10.0.0.0/8'))
    .default([]),
  /** What is allowed besides; with a command nothing, otherwise a terminal. */
  allow: z.array(z.enum(FEATURES)).optional(),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

/** Clocks of servers differ a little. */
const BACKDATED = MINUTE;
const PUBLIC_KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,2}( [^\n]*)?$/;

/**
 * An OpenSSH certificate authority. What a grant gives is the right to a certificate for one's own key, which expires
 * with the grant; ended early, the certificate is named on a revocation list.
 */
export const ssh: Provisioner<Target, Role> = {
  kind: 'ssh',
  targetSchema,
  roleSchema,
  accountTemplate: ({ public_key }) => public_key,
  placeOf: ({ ca_key: key, revocation_list: list }) => placeText(key, list),
  connect,
};

function connect(target: Target, { clock, seats, accountOf }: Use): Connection<Role> {
  const authority: Authority = { caKey: target.ca_key, agent: target.agent ?? null };
  const revocations = revocationList(target.revocation_list, { publish: target.publish, now: clock.now });
  const place = `ssh ${target.revocation_list}`;
  /** The right to a certificate, written down: its level is when the last certificate expires. */
  const rightOf = (grantId: string) => seats.of(grantId).find((one) => one.place === place);
  const ready = async (): Promise<void> => revocations.prepare(await publicKeyOf(authority));

  return {
    grant: async (one, expiresAt) => {
      publicKeyFor(one);
      await ready();
      const until = Math.max(expiresAt, Number(rightOf(one.grantId)?.level ?? 0));
      seats.keep({
        grantId: one.grantId,
        place,
        account: one.person.email,
        level: String(until),
        role: one.roleKey,
        before: null,
      });
      return { account: one.role.principals.join(', ') };
    },
    revoke: async (one) => {
      const right = rightOf(one.grantId);
      if (!right) return;
      await revocations.add(keyIdOf(one), Number(right.level) + MINUTE, await publicKeyOf(authority));
      seats.drop(right);
    },
    isActive: async (one) => {
      await ready();
      return rightOf(one.grantId) !== undefined;
    },
    afterlife: null,
    issueCredential: async (one, expiresAt) => {
      if (!rightOf(one.grantId)) throw new TargetRefusal('there is no access to make a certificate for');
      const { principals } = one.role;
      const certificate = await sign(authority, {
        keyId: keyIdOf(one),
        publicKey: publicKeyFor(one),
        principals,
        options: optionsOf(one.role),
        from: clock.now() - BACKDATED,
        to: expiresAt,
      });
      return {
        account: principals.join(', '),
        secret: certificate,
        usage: `echo '${certificate}' > ~/.ssh/jit-cert.pub\nssh -o CertificateFile=~/.ssh/jit-cert.pub ${principals[0]}@HOST`,
      };
    },
    check: () => check(target, authority, clock.now()),
    close: async () => undefined,
  };

  function publicKeyFor({ person }: Access<Role>): string {
    const key = accountOf(target.public_key, person).trim();
    if (!PUBLIC_KEY.test(key))
      throw new TargetRefusal(`what stands for ${person.name} under identities is no SSH public key`);
    return key;
  }
}

function optionsOf({ command, source_addresses: sources, allow }: Role): string[] {
  return [
    ...(allow ?? (command === undefined ? ['pty' as const] : [])).map((feature) => `permit-${feature}`),
    ...(command === undefined ? [] : [`force-command=${command}`]),
    ...(sources.length === 0 ? [] : [`source-address=${sources.join(',')}`]),
  ];
}

/** Whose and for which grant: servers log it, and a revocation names it, on a line of its own. */
const keyIdOf = ({ grantId, person }: Access<Role>): string =>
  `jitbot ${grantId} ${person.email.replace(/[^!-~]/g, '?')}`;

/** Signs a certificate that was over before it began, and looks at the list. */
async function check(target: Target, authority: Authority, now: Instant): Promise<Finding[]> {
  const tried = async (what: string, fix: string, work: () => Promise<unknown>): Promise<Finding> =>
    work().then(
      () => ({ ok: true, what }),
      (error: unknown) => ({
        ok: false,
        what: `${what}: ${String(error instanceof Error ? error.message : error)}`,
        fix,
      }),
    );
  const { ca_key: caKey, revocation_list: list } = target;
  return [
    await tried(
      `${caKey} signs certificates`,
      target.agent === undefined
        ? 'The file has to be readable for the bot, without a passphrase.'
        : `The agent at ${target.agent} has to hold the key of ${caKey}: ssh-add -L shows which it holds.`,
      async () =>
        sign(authority, {
          keyId: 'jitbot doctor',
          publicKey: await publicKeyOf(authority),
          principals: ['nobody'],
          options: [],
          from: now - 2 * MINUTE,
          to: now - MINUTE,
        }),
    ),
    await tried(`${list} can be written`, 'The bot needs to write in its folder.', () =>
      fileAccess(dirname(list), constants.W_OK),
    ),
  ];
}
