/** A real sshd that is set up as docs/targets/ssh.md says, with a real ssh against it. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';

const SSHD = '/usr/sbin/sshd';
export const hasSshd = existsSync(SSHD);
export const run = promisify(execFile);
export const me = userInfo().username;

export interface Said {
  readonly worked: boolean;
  readonly said: string;
}

export interface Sshd {
  /** A path in the server's folder. */
  at(name: string): string;
  readonly list: string;
  readonly caKey: string;
  /** Ben's public key. */
  readonly key: string;
  /** What ssh says, with this certificate for Ben's key, or another. */
  login(
    certificate: string | null,
    command: string,
    more?: { key?: string; options?: readonly string[] },
  ): Promise<Said>;
  /** Arguments of a real ssh to the daemon, which is started with the first call. */
  daemon(certificate: string, options?: readonly string[]): Promise<readonly string[]>;
  /** The daemon's log. */
  log(): string;
  stop(): Promise<void>;
}

/** @param authorizedKeys a file that people may write to: not as the docs say */
export async function startSshd({ authorizedKeys }: { authorizedKeys?: string } = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-sshd-'));
  const at = (name: string) => join(folder, name);
  mkdirSync(at('lists'));
  if (me === 'root') mkdirSync('/run/sshd', { recursive: true });
  for (const name of ['user_ca', 'host', 'ben', 'eve'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@laptop`, '-f', at(name)]);
  const list = at('lists/revoked.krl');
  writeFileSync(
    at('sshd_config'),
    [
      ...[`HostKey ${at('host')}`, `TrustedUserCAKeys ${at('user_ca.pub')}`, `RevokedKeys ${list}`],
      ...[
        `AuthorizedKeysFile ${authorizedKeys ? at(authorizedKeys) : 'none'}`,
        'PermitRootLogin yes',
        'StrictModes no',
        'LogLevel VERBOSE',
        'PidFile none',
      ],
      ...[
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitUserEnvironment no',
        'PermitUserRC no',
      ],
    ].join('\n'),
  );
  const common = (certificate: string | null, key: string): string[] => {
    const file = at(`${key}-${Math.abs(hash(certificate ?? ''))}-cert.pub`);
    if (certificate !== null) writeFileSync(file, `${certificate}\n`);
    return [
      ...['-F', 'none', '-i', at(key), ...(certificate === null ? [] : ['-o', `CertificateFile=${file}`])],
      ...['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', 'BatchMode=yes'],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ];
  };
  let daemon: { port: number; stop(): Promise<void> } | null = null;

  return {
    at,
    list,
    caKey: at('user_ca'),
    key: readFileSync(at('ben.pub'), 'utf8').trim(),
    login: (certificate, command, { key = 'ben', options = [] } = {}) =>
      run(
        'ssh',
        [
          ...[...common(certificate, key), '-o', `ProxyCommand=${SSHD} -i -e -f ${at('sshd_config')}`, ...options],
          ...[`${me}@node`, command],
        ],
        { timeout: 20_000 },
      ).then(
        ({ stdout }) => ({ worked: true, said: stdout.trim() }),
        (error: { stderr?: string; stdout?: string }) => ({ worked: false, said: `${error.stdout}${error.stderr}` }),
      ),
    daemon: async (certificate, options = []) => {
      daemon ??= await startDaemon(at);
      return [...common(certificate, 'ben'), '-p', String(daemon.port), ...options, `${me}@127.0.0.1`];
    },
    log: () => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : ''),
    stop: async () => {
      await daemon?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startDaemon(at: (name: string) => string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(
    SSHD,
    ['-D', '-E', at('log'), '-f', at('sshd_config'), '-p', String(port), '-o', 'ListenAddress=127.0.0.1'],
    { stdio: 'ignore' },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  while (!(existsSync(at('log')) && readFileSync(at('log'), 'utf8').includes('listening')))
    await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    port,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

const hash = (text: string): number => [...text].reduce((sum, one) => (sum * 31 + (one.codePointAt(0) ?? 0)) | 0, 7);
