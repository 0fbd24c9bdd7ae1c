/** Calls OpenSSH's ssh-keygen, which signs certificates, and reads revocation lists for the doctor. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant } from '../../domain/terms.ts';
import { SSH } from '../../wording/targets/ssh.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

export interface Authority {
  /** The private key's file; with an agent, the public key's. */
  readonly caKey: string;
  /** The agent's socket; null if the key is in its file. */
  readonly agent: string | null;
}

export interface Certificate {
  /** Shown in the server's log, and named by a revocation. */
  readonly keyId: string;
  readonly publicKey: string;
  readonly principals: readonly string[];
  /** Options as ssh-keygen takes them, such as permit-pty or force-command=…. */
  readonly options: readonly string[];
  readonly from: Instant;
  readonly to: Instant;
}

/** Signs a certificate. @throws with ssh-keygen's message */
export async function sign({ caKey, agent }: Authority, certificate: Certificate): Promise<string> {
  return inFolder(async (folder) => {
    const { keyId, publicKey, principals, options, from, to } = certificate;
    const file = join(folder, 'key.pub');
    // ssh-keygen copies the comment into the certificate, and takes the file's path if there is none.
    const [type, key] = publicKey.split(' ');
    await writeFile(file, `${type} ${key} ${keyId}\n`, { mode: 0o600 });
    await keygen(
      [
        '-q',
        ...(agent === null ? ['-s', caKey] : ['-U', '-s', caKey]),
        ...['-I', keyId, '-n', principals.join(','), '-V', `${utc(from)}:${utc(to)}`, '-O', 'clear'],
        ...options.flatMap((option) => ['-O', option]),
        file,
      ],
      agent,
    );
    return (await readFile(join(folder, 'key-cert.pub'), 'utf8')).trim();
  });
}

/** Checks that OpenSSH itself can read a revocation list. @throws with what is wrong with it */
export async function readRevocations(file: string): Promise<void> {
  await keygen(['-Q', '-l', '-f', file], null);
}

/** The authority's public key. */
export const publicKeyOf = async ({ caKey, agent }: Authority): Promise<string> =>
  agent === null ? (await keygen(['-y', '-f', caKey], null)).trim() : (await readFile(caKey, 'utf8')).trim();

function keygen(args: readonly string[], agent: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'ssh-keygen',
      args,
      {
        timeout: TARGET_DEADLINE,
        // Times are in UTC. ssh-keygen must not ask for a passphrase, because nobody would answer.
        env: {
          PATH: process.env.PATH,
          TZ: 'UTC',
          SSH_ASKPASS_REQUIRE: 'never',
          ...(agent && { SSH_AUTH_SOCK: agent }),
        },
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const said = stderr.trim().split('\n').at(-1);
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        reject(new Error(missing ? SSH.noKeygen : `ssh-keygen failed: ${said || error.message}`, { cause: error }));
      },
    );
    child.stdin?.end();
  });
}

/** Writes an instant as `20260115120000`, rounded down, so that a certificate never lives longer than its grant. */
const utc = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace(/[-:T]/g, '');

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'jitbot-ssh-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
