import { type Instant, MINUTE } from '../../domain/terms.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { placeText, programPlace } from '../place.ts';
import { type Access, type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { check } from './check.ts';
import { type Authority, publicKeyOf, sign } from './keygen.ts';
import { sayTheSame } from './krl.ts';
import { runProgram } from './program.ts';
import { revocationList } from './revocations.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';
import { optionsOf, usageOf } from './terms.ts';

/** Clocks of servers differ a little. */
const BACKDATED = MINUTE;
/** Kind and key; the comment behind them is free text and goes into no certificate. */
const PUBLIC_KEY =
  /^((?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,2})(?: [^\n]*)?$/;

/**
 * An OpenSSH certificate authority. What a grant gives is the right to a certificate for one's own key, which expires
 * with the grant; ended early, the certificate is named on a revocation list.
 */
export const ssh: Provisioner<Target, Role> = {
  kind: 'ssh',
  targetSchema,
  roleSchema,
  accountTemplate: ({ public_key }) => public_key,
  // What takes a certificate back is the list, where servers get it: it works whichever key signed it.
  placeOf: ({ revocation_list: list, publish }) =>
    placeText(list, publish.length > 0 ? programPlace(publish) : undefined),
  connect,
};

function connect(target: Target, { clock, seats, log, accountOf }: Use): Connection<Role> {
  const authority: Authority = { caKey: target.ca_key, agent: target.agent ?? null };
  const { revocation_list: list, publish, end_sessions: endSessions } = target;
  const revocations = revocationList(list, { now: clock.now, seats, log });
  const place = `ssh ${list}`;
  /** A certificate that is being made and the end of its grant wait for each other. */
  const lock = keyedLock();
  /** The right to a certificate, written down: its level is when the last certificate expires. */
  const rightOf = (grantId: string) => seats.of(grantId).find((one) => one.place === place);

  function keepRight(one: Access<Role>, expiresAt: Instant): void {
    const level = String(Math.max(expiresAt, Number(rightOf(one.grantId)?.level ?? 0)));
    seats.keep({ grantId: one.grantId, place, account: one.person.email, level, role: one.roleKey, before: null });
  }

  /** What the servers were told last, by this process. */
  let told: Buffer | null = null;
  const publishList = async (says: Buffer): Promise<void> => {
    if (publish.length > 0) await runProgram(publish, 'takes the revocation list to the servers');
    told = says;
  };
  /** The list says what it should, here and on the servers. */
  const mended = async (): Promise<void> => {
    const { says } = await revocations.mend();
    if (!told || !sayTheSame(told, says)) await publishList(says);
  };

  return {
    grant: async (one, expiresAt) => {
      publicKeyFor(one);
      await publicKeyOf(authority);
      await mended();
      keepRight(one, expiresAt);
      return { account: one.role.principals.join(', ') };
    },
    revoke: (one) =>
      lock(one.grantId, async () => {
        const right = rightOf(one.grantId);
        if (!right) {
          absent(one.grantId);
          if (revocations.has(one.grantId)) await mended();
          return;
        }
        const { grantId, roleKey: role } = one;
        await publishList(await revocations.add({ grantId, keyId: keyIdOf(one), until: Number(right.level), role }));
        if (endSessions) await runProgram([...endSessions, grantId], 'ends what is open on the servers');
        seats.drop(right);
      }),
    isActive: async (one) => {
      const { says, written } = await revocations.mend();
      if (rightOf(one.grantId)) return true;
      absent(one.grantId);
      if (written) await publishList(says);
      return false;
    },
    tidy: mended,
    afterlife: endSessions ? 0 : null,
    issueCredential: (one, expiresAt) =>
      lock(one.grantId, async () => {
        if (!rightOf(one.grantId)) throw new TargetRefusal('there is no access to make a certificate for');
        // Before it exists: what is revoked stays on the list until the last certificate has expired.
        keepRight(one, expiresAt);
        const certificate = await sign(authority, {
          keyId: keyIdOf(one),
          publicKey: publicKeyFor(one),
          principals: one.role.principals,
          options: optionsOf(one.role),
          from: clock.now() - BACKDATED,
          to: expiresAt,
        });
        return { account: one.role.principals.join(', '), secret: certificate, usage: usageOf(one.role, certificate) };
      }),
    check: (roles) => check(target, authority, { roles, now: clock.now() }),
    close: async () => undefined,
  };

  /** No right on this list means that there is none, unless it was given by way of another list. */
  function absent(grantId: string): void {
    if (revocations.has(grantId)) return;
    const elsewhere = seats.of(grantId).find((one) => /^ssh \//.test(one.place));
    if (elsewhere)
      throw new TargetRefusal(
        `the certificate of this access is revoked by ${elsewhere.place.slice('ssh '.length)}, which is not the list of this target (${list}); put it back into the policy file until the access has ended`,
      );
  }

  function publicKeyFor({ person }: Access<Role>): string {
    const key = PUBLIC_KEY.exec(accountOf(target.public_key, person).trim())?.[1];
    if (key === undefined)
      throw new TargetRefusal(`what stands for ${person.name} under identities is no SSH public key`);
    return key;
  }
}

/** Whose and for which grant: servers log it, and a revocation names it. */
const keyIdOf = ({ grantId, person }: Access<Role>): string =>
  `jitbot ${grantId} ${person.email.replace(/[^!-~]/g, '?')}`;
