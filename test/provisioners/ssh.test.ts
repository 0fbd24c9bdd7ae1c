/** Against a real sshd, with a real ssh. */

import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { ssh } from '../../src/provisioners/ssh/provisioner.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const SSHD = '/usr/sbin/sshd';
const run = promisify(execFile);
const me = userInfo().username;
const role = { principals: [me], source_addresses: [] };

describe.skipIf(!existsSync(SSHD))('with OpenSSH', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-sshd-'));
  const at = (name: string) => join(folder, name);
  const list = at('lists/revoked.krl');
  let bensKey = '';
  const use = useForTests({ accountOf: () => bensKey });
  const target = {
    kind: 'ssh' as const,
    ca_key: at('user_ca'),
    revocation_list: list,
    publish: [],
    public_key: '{ssh_key}',
  };
  let harness: Harness;

  beforeAll(async () => {
    mkdirSync(at('lists'));
    if (me === 'root') mkdirSync('/run/sshd', { recursive: true });
    for (const name of ['user_ca', 'host', 'ben', 'eve'])
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
    bensKey = readFileSync(at('ben.pub'), 'utf8').trim();
    writeFileSync(
      at('sshd_config'),
      [
        `HostKey ${at('host')}`,
        `TrustedUserCAKeys ${at('user_ca.pub')}`,
        `RevokedKeys ${list}`,
        'AuthorizedKeysFile none',
        'PermitRootLogin yes',
        'StrictModes no',
        'LogLevel VERBOSE',
        `PidFile none`,
      ].join('\n'),
    );
    harness = {
      connection: ssh.connect(target, use),
      role,
      reallyHas: async (grantId) => (await login(grantId, 'true')).worked,
      breakTarget: () => renameSync(at('lists'), at('gone')),
      mendTarget: () => renameSync(at('gone'), at('lists')),
      changes: {
        renamePerson:
          'a certificate is for a key, and is revoked by what stands in it: no name of the person is looked up',
        renameContainer: 'principals stand in the certificate, which is revoked by its own id',
        moveTarget: [
          {
            how: 'the folder of the list was moved',
            act: () => {
              renameSync(at('lists'), at('moved'));
              return { undo: () => renameSync(at('moved'), at('lists')), others: () => readdirSync(at('moved')) };
            },
          },
        ],
        blind: [
          {
            how: 'the list cannot be written',
            act: () => {
              renameSync(list, at('kept'));
              mkdirSync(list);
              return {
                undo: () => {
                  rmSync(list, { recursive: true });
                  renameSync(at('kept'), list);
                },
                others: () => readFileSync(at('kept')),
              };
            },
          },
        ],
      },
    };
  });
  afterAll(async () => {
    await harness.connection.close();
    use.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What ssh says when it comes with the certificate of a grant; without one, with none. */
  async function login(
    grantId: string,
    command: string,
    { key = 'ben', options = [], as = role }: { key?: string; options?: readonly string[]; as?: unknown } = {},
  ): Promise<{ worked: boolean; said: string }> {
    const issued = await harness.connection.issueCredential?.(accessOf(as, grantId), inAnHour()).catch(() => null);
    // Kept, as by somebody who does not give it back.
    if (issued) writeFileSync(at(`${grantId}-cert.pub`), `${issued.secret}\n`);
    return loginWith(grantId, command, key, options);
  }

  const loginWith = (grantId: string, command: string, key = 'ben', options: readonly string[] = []) =>
    run(
      'ssh',
      [
        ...['-F', 'none', '-i', at(key), '-o', `CertificateFile=${at(`${grantId}-cert.pub`)}`],
        ...['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none', '-o', 'BatchMode=yes'],
        ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
        ...['-o', `ProxyCommand=${SSHD} -i -e -f ${at('sshd_config')}`, ...options],
        ...[`${me}@node`, command],
      ],
      { timeout: 20_000 },
    ).then(
      ({ stdout }) => ({ worked: true, said: stdout.trim() }),
      (error: { stderr?: string; stdout?: string }) => ({ worked: false, said: `${error.stdout}${error.stderr}` }),
    );

  async function granted(as: unknown = role): Promise<string> {
    const id = newGrantId();
    await harness.connection.grant(accessOf(as, id), inAnHour());
    return id;
  }

  describeContract('ssh', () => harness);

  test('the certificate is for the requester’s key, and another key is refused', async () => {
    const id = await granted();
    expect(await login(id, 'echo in')).toMatchObject({ worked: true, said: 'in' });
    expect(await loginWith(id, 'echo in', 'eve')).toMatchObject({ worked: false });
    await harness.connection.revoke(accessOf(role, id));
  });

  test('a kept certificate is refused after the end, and another one still works', async () => {
    const [first, second] = [await granted(), await granted()];
    await login(first, 'true');
    await login(second, 'true');
    await harness.connection.revoke(accessOf(role, first));
    expect(await loginWith(first, 'echo in')).toMatchObject({
      worked: false,
      said: expect.stringContaining('revoked by file'),
    });
    expect(await loginWith(second, 'echo in')).toMatchObject({ worked: true });
    await harness.connection.revoke(accessOf(role, second));
  });

  test('with a command, only that runs, and nothing can be forwarded', async () => {
    const logs = { principals: [me], command: 'echo the logs of payments', source_addresses: [] };
    const id = await granted(logs);
    expect(await login(id, 'cat /etc/shadow', { as: logs })).toEqual({ worked: true, said: 'the logs of payments' });
    const forwarded = await loginWith(id, '', 'ben', ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1']);
    expect(forwarded).toMatchObject({ worked: false, said: expect.stringContaining('forwarding failed') });
    await harness.connection.revoke(accessOf(logs, id));
  });

  test('a certificate expires by itself, also when the bot is dead', async () => {
    const id = await granted();
    const late = await harness.connection.issueCredential?.(accessOf(role, id), Date.now() - 1_000);
    writeFileSync(at(`${id}-cert.pub`), `${late?.secret}\n`);
    expect(await loginWith(id, 'true')).toMatchObject({ worked: false, said: expect.stringContaining('expired') });
    await harness.connection.revoke(accessOf(role, id));
  });

  test('source addresses, principals and who it is for stand in the certificate', async () => {
    const narrow = { principals: ['logs', 'ops'], source_addresses: ['10.0.0.0/8', '192.0.2.7'] };
    const id = await granted(narrow);
    const issued = await harness.connection.issueCredential?.(accessOf(narrow, id), inAnHour());
    writeFileSync(at('shown-cert.pub'), `${issued?.secret}\n`);
    const { stdout } = await run('ssh-keygen', ['-L', '-f', at('shown-cert.pub')]);
    expect(stdout).toContain(`Key ID: "jitbot ${id} ben@harbor.example"`);
    // No path of the bot's machine.
    expect(issued?.secret.split(' ').slice(2).join(' ')).toBe(`jitbot ${id} ben@harbor.example`);
    expect(stdout).toMatch(/Principals: \n\s+logs\n\s+ops\n/);
    expect(stdout).toContain('source-address 10.0.0.0/8,192.0.2.7');
    expect(stdout).toMatch(/Extensions: \n\s+permit-pty/);
    await harness.connection.revoke(accessOf(narrow, id));
  });

  test('the authority’s key can live in an agent', async () => {
    const socket = at('agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await expect.poll(() => existsSync(socket)).toBe(true);
      await run('ssh-add', ['-q', at('user_ca')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      const byAgent: Connection<typeof role> = ssh.connect(
        { ...target, ca_key: at('user_ca.pub'), agent: socket },
        use,
      );
      expect((await byAgent.check([])).filter(({ ok }) => !ok)).toEqual([]);
      const id = newGrantId();
      await byAgent.grant(accessOf(role, id), inAnHour());
      const issued = await byAgent.issueCredential?.(accessOf(role, id), inAnHour());
      writeFileSync(at(`${id}-cert.pub`), `${issued?.secret}\n`);
      expect(await loginWith(id, 'echo in')).toMatchObject({ worked: true });
      await byAgent.revoke(accessOf(role, id));
      expect(await loginWith(id, 'echo in')).toMatchObject({ worked: false });
    } finally {
      agent.kill();
    }
  });

  test('a revocation that cannot be taken to the servers is not over: it is tried again', async () => {
    const failing = ssh.connect({ ...target, publish: ['/bin/sh', '-c', 'echo host is away >&2; exit 3'] }, use);
    const id = await granted();
    await expect(failing.revoke(accessOf(role, id))).rejects.toThrow(/servers, failed: host is away/);
    expect(await failing.isActive(accessOf(role, id))).toBe(true);
    await harness.connection.revoke(accessOf(role, id));
    expect(await failing.isActive(accessOf(role, id))).toBe(false);
  });

  test('an entry leaves the list when its certificate expires, so it stays short', async () => {
    const id = await granted();
    await harness.connection.revoke(accessOf(role, id));
    expect(readFileSync(`${list}.json`, 'utf8')).toContain(id);
    const tomorrow = { ...use, clock: { now: () => Date.now() + 86_400_000 } };
    const later = ssh.connect(target, tomorrow);
    const next = newGrantId();
    await later.grant(accessOf(role, next), tomorrow.clock.now() + 3_600_000);
    await later.revoke(accessOf(role, next));
    expect(readFileSync(`${list}.json`, 'utf8')).not.toContain(id);
  });

  test('what stands in the table has to be a public key', async () => {
    const wrong = ssh.connect(target, { ...use, accountOf: () => 'ssh-ed25519 AAAA\nssh-rsa' });
    await expect(wrong.grant(accessOf(role, newGrantId()), inAnHour())).rejects.toThrow(/not an SSH public key/);
  });
});
