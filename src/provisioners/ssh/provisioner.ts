import { keyedLock } from '../../concurrency/keyedLock.ts';
import { type Instant, MINUTE } from '../../domain/terms.ts';
import type { Credential } from '../../ports/targets.ts';
import { SSH } from '../../wording/targets/ssh.ts';
import { placeText, programPlace } from '../place.ts';
import {
  type Access,
  type Connection,
  type Provisioner,
  TargetRefusal,
  type ToTakeBack,
  type Use,
} from '../provisioner.ts';
import { word } from '../quoting.ts';
import { check } from './check.ts';
import { type Authority, publicKeyOf, sign } from './keygen.ts';
import { runProgram } from './program.ts';
import { publishedList } from './published.ts';
import { RevocationList } from './revocations.ts';
import { rightsOn } from './rights.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';
import { optionsOf, usageOf } from './terms.ts';

/** How long before now a certificate begins, because servers' clocks differ a little. */
const BACKDATED = MINUTE;
/** A public key's kind and value. The comment after them is free text and not part of the certificate. */
const PUBLIC_KEY =
  /^((?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,2})(?: [^\n]*)?$/;

/**
 * An OpenSSH certificate authority. A grant gives its holder the right to a certificate for their own key, which expires with
 * the grant. If the grant ends early, the certificate goes on a revocation list.
 */
export const ssh: Provisioner<Target, Role> = {
  kind: 'ssh',
  targetSchema,
  roleSchema,
  accountTemplate: ({ public_key }) => public_key,
  // The place is the list as servers get it, because the list takes certificates back, whatever key signed them.
  placeOf: ({ revocation_list: list, publish }) =>
    placeText(list, publish.length > 0 ? programPlace(publish) : undefined),
  byHand,
  connect,
};

function connect(target: Target, { clock, seats, log, accountOf }: Use): Connection<Role> {
  const authority: Authority = { caKey: target.ca_key, agent: target.agent ?? null };
  const { revocation_list: list, end_sessions: endSessions } = target;
  const revocations = new RevocationList(list, { now: clock.now, seats, log });
  const published = publishedList(revocations, target.publish);
  const rights = rightsOn(list, seats);
  /** Making a certificate and ending its grant wait for each other. */
  const lock = keyedLock();
  const keyFor = ({ person }: Access<Role>): string => publicKeyIn(accountOf(target.public_key, person), person.name);
  /** If this list has no right for the grant, there is none, unless another list has it. */
  const checkAbsent = async (grantId: string): Promise<void> => {
    if (!(await revocations.has(grantId))) await rights.checkElsewhere(grantId);
  };

  return {
    grant: async (one, expiresAt) => {
      keyFor(one);
      await publicKeyOf(authority);
      await published.mend();
      await rights.keep(one, expiresAt);
      return { account: one.role.principals.join(', ') };
    },
    revoke: (one) =>
      lock(one.grantId, async () => {
        const { grantId, roleKey: role } = one;
        const right = await rights.of(grantId);
        if (!right) {
          await checkAbsent(grantId);
          if (await revocations.has(grantId)) await published.mend();
          return;
        }
        const until = Number(right.level);
        await published.publish(await revocations.add({ grantId, keyId: keyIdOf(one), until, role }));
        if (endSessions) await runProgram([...endSessions, grantId], SSH.endsSessions);
        await rights.drop(right);
      }),
    isActive: async (one) => {
      const { says, written } = await revocations.mend();
      if (await rights.of(one.grantId)) return true;
      await checkAbsent(one.grantId);
      if (written) await published.publish(says);
      return false;
    },
    tidy: published.mend,
    afterlife: endSessions ? 0 : null,
    issueCredential: (one, expiresAt) =>
      lock(one.grantId, async () => {
        if (!(await rights.of(one.grantId))) throw new TargetRefusal(SSH.noAccess);
        // Recorded before the certificate exists, so that a revocation stays on the list until the last certificate has expired.
        await rights.keep(one, expiresAt);
        return certificateFor(authority, one, { publicKey: keyFor(one), from: clock.now() - BACKDATED, to: expiresAt });
      }),
    check: (roles) => check(target, authority, { roles, now: clock.now() }),
    close: async () => undefined,
  };
}

async function certificateFor(
  authority: Authority,
  one: Access<Role>,
  wanted: { readonly publicKey: string; readonly from: Instant; readonly to: Instant },
): Promise<Credential> {
  const { principals } = one.role;
  const secret = await sign(authority, { keyId: keyIdOf(one), principals, options: optionsOf(one.role), ...wanted });
  return { account: principals.join(', '), secret, usage: usageOf(one.role, secret) };
}

function publicKeyIn(text: string, name: string): string {
  const key = PUBLIC_KEY.exec(text.trim())?.[1];
  if (key === undefined) throw new TargetRefusal(SSH.noKey(name));
  return key;
}

/** Commands for the machine with the list, followed by the programs of `publish` and `end_sessions`. */
function byHand(one: ToTakeBack<Role>, target: Target | null): readonly string[] {
  const list = word(target?.revocation_list ?? '$REVOCATION_LIST');
  const key = word(target === null ? '$CA_PUBLIC_KEY' : `${target.ca_key}${target.agent === undefined ? '.pub' : ''}`);
  return [
    `printf 'id: %s\\n' ${word(keyIdOf(one))} | ssh-keygen -k -u -f ${list} -s ${key} /dev/stdin`,
    SSH.copyList(list, target && target.publish.length > 0 ? `: ${target.publish.map(word).join(' ')}` : ''),
    SSH.endOpen(one.role.principals.join(', '), one.grantId),
  ];
}

/** The certificate's key id, with the person and the grant. Servers log it, and a revocation names it. */
const keyIdOf = ({ grantId, person }: Pick<Access<Role>, 'grantId' | 'person'>): string =>
  `jitbot ${grantId} ${person.email.replace(/[^!-~]/g, '?')}`;
