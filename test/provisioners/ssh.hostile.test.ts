/** Somebody who wants to go on getting in, against a real sshd. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StorageError } from '../../src/ports/store.ts';
import type { Connection } from '../../src/provisioners/provisioner.ts';
import { sayTheSame } from '../../src/provisioners/ssh/krl.ts';
import { ssh } from '../../src/provisioners/ssh/provisioner.ts';
import { hasSshd, me, run, type Sshd, startSshd } from '../support/sshd.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';

const role: { principals: string[]; source_addresses: string[] } = { principals: [me], source_addresses: [] };
const DAY = 86_400_000;

describe.skipIf(!hasSshd)('ssh, against a hostile holder', () => {
  let server: Sshd;
  let use: ReturnType<typeof useForTests>;
  let target: Parameters<typeof ssh.connect>[0];
  let connection: Connection<typeof role>;
  const whose = (id: string, email = 'ben@harbor.example') => ({
    ...accessOf(role, id),
    person: { slackId: 'U0BEN', name: 'Ben', email },
  });
  /** A certificate that its holder keeps. */
  async function certificate(id: string, email?: string): Promise<string> {
    await connection.grant(whose(id, email), inAnHour());
    return (await connection.issueCredential?.(whose(id, email), inAnHour()))?.secret ?? '';
  }
  const getsIn = async (kept: string) => (await server.login(kept, 'true')).worked;

  beforeAll(async () => {
    server = await startSshd();
    use = useForTests({ accountOf: () => server.key });
    target = {
      kind: 'ssh',
      ca_key: server.caKey,
      revocation_list: server.list,
      publish: [],
      public_key: '{ssh_key}',
    };
    connection = ssh.connect(target, use);
  });
  afterAll(async () => {
    await server.stop();
    use.close();
  });

  test.each([
    'ben#ext#@harbor.example',
    '#ben@harbor.example',
    'ben_agency.example#EXT#@harbor.onmicrosoft.example',
    "o'neil@harbor.example",
    '"ben ten"@harbor.example',
    'ben+jit@harbor.example',
    'a,b@harbor.example',
    'ben*@harbor.example',
    'ben\\n@harbor.example',
    'ben\nid: x@harbor.example',
    ' ben@harbor.example ',
    'ben\t@harbor.example',
    '名前@harbor.example',
    '🙂@harbor.example',
    '!ben:serial:1-99@harbor.example',
    'sha256:x@harbor.example',
    '$(id)`id`@harbor.example',
    `${'long'.repeat(60)}@harbor.example`,
    '',
  ])('K11.5 a certificate for the address %j is refused once access ends', async (email) => {
    const id = newGrantId();
    const kept = await certificate(id, email);
    expect(await getsIn(kept)).toBe(true);
    await connection.revoke(whose(id, email));
    expect(await connection.isActive(whose(id, email))).toBe(false);
    expect(await server.login(kept, 'true')).toMatchObject({
      worked: false,
      said: expect.stringContaining('revoked by file'),
    });
  });

  test('K11.5 one odd address on the list keeps nobody else in, and nobody else out', async () => {
    const [odd, plain, live] = [newGrantId(), newGrantId(), newGrantId()];
    const kept = await Promise.all([certificate(odd, '#@x'), certificate(plain), certificate(live)]);
    await connection.revoke(whose(odd, '#@x'));
    await connection.revoke(whose(plain));
    expect(await Promise.all(kept.map(getsIn))).toEqual([false, false, true]);
    await connection.revoke(whose(live));
  });

  test('a certificate of a replaced authority key is refused once access ends', async () => {
    const id = newGrantId();
    const kept = await certificate(id);
    const old = [server.caKey, `${server.caKey}.pub`] as const;
    // The servers trust both until the last certificate of the old one has expired.
    for (const file of old) renameSync(file, file.replace('user_ca', 'user_ca_old'));
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', server.caKey]);
    writeFileSync(
      `${server.caKey}.pub`,
      old
        .map((file) => file.replace('user_ca', 'user_ca_old'))
        .slice(1)
        .concat(`${server.caKey}.pub`)
        .map((file) => readFileSync(file, 'utf8'))
        .join(''),
    );
    expect(await getsIn(kept)).toBe(true);
    await connection.revoke(whose(id));
    expect(await getsIn(kept)).toBe(false);
    expect(await connection.isActive(whose(id))).toBe(false);
  });

  test('access ends also while the authority’s key cannot be read', async () => {
    const id = newGrantId();
    const kept = await certificate(id);
    renameSync(server.caKey, `${server.caKey}.away`);
    try {
      await connection.revoke(whose(id));
      expect(await connection.isActive(whose(id))).toBe(false);
      expect(await getsIn(kept)).toBe(false);
    } finally {
      renameSync(`${server.caKey}.away`, server.caKey);
    }
  });

  test('a bot whose database cannot be written still revokes a certificate', async () => {
    const id = newGrantId();
    const kept = await certificate(id);
    const fail = () => {
      throw new StorageError('the disk is full');
    };
    const full = ssh.connect(target, { ...use, seats: { ...use.seats, keep: fail, drop: fail } });
    await expect(full.revoke(whose(id))).rejects.toThrow('the disk is full');
    expect(await getsIn(kept)).toBe(false);
    expect(await full.isActive(whose(id))).toBe(true);
    await connection.revoke(whose(id));
    expect(await connection.isActive(whose(id))).toBe(false);
    expect(await getsIn(kept)).toBe(false);
  });

  test('a replaced authority key is the same place, another list is another', () => {
    const placed = (more: object) => ssh.placeOf({ ...target, ...more });
    expect(placed({ ca_key: '/etc/other_ca', agent: '/run/agent' })).toBe(placed({}));
    expect(placed({ revocation_list: '/etc/other.krl' })).not.toBe(placed({}));
  });

  test('K4.5 with the path of the list changed, the revoke does not pass for done', async () => {
    const id = newGrantId();
    const kept = await certificate(id);
    const moved = ssh.connect({ ...target, revocation_list: server.at('lists/other.krl') }, use);
    await expect(moved.revoke(whose(id))).rejects.toThrow(/revoked by .*revoked\.krl, which is not the list/);
    await expect(moved.isActive(whose(id))).rejects.toThrow(/revoked\.krl/);
    expect(await getsIn(kept)).toBe(true);
    await connection.revoke(whose(id));
    expect(await getsIn(kept)).toBe(false);
  });

  test.each([
    ['an older copy is put back', () => undefined],
    ['it is emptied', () => writeFileSync(server.list, '')],
    ['what is kept beside it is lost', () => rmSync(`${server.list}.json`)],
    ['what is kept beside it is damaged', () => writeFileSync(`${server.list}.json`, '{')],
    ['both are lost', () => [server.list, `${server.list}.json`].map((file) => rmSync(file))],
    [
      'both say that nobody is refused',
      () => {
        writeFileSync(`${server.list}.json`, '[]');
        rmSync(server.list);
      },
    ],
  ])('a list that was tampered with is mended: %s', async (_, tamper) => {
    const id = newGrantId();
    const kept = await certificate(id);
    const before = readFileSync(server.list);
    await connection.revoke(whose(id));
    writeFileSync(server.list, before);
    tamper();
    await connection.tidy?.();
    expect(await getsIn(kept)).toBe(false);
    writeFileSync(server.list, before);
    // And by the next read-back, and by the next end, whoever it is about.
    expect(await connection.isActive(whose(id))).toBe(false);
    expect(await getsIn(kept)).toBe(false);
    writeFileSync(server.list, before);
    const next = newGrantId();
    await certificate(next);
    await connection.revoke(whose(next));
    expect(await getsIn(kept)).toBe(false);
  });

  test('a list that another bot writes too keeps the other’s entries', async () => {
    const other = useForTests({ accountOf: () => server.key });
    const theirs = ssh.connect(target, other);
    const [id, next] = [newGrantId(), newGrantId()];
    const kept = await certificate(id);
    await connection.revoke(whose(id));
    await theirs.grant(whose(next), inAnHour());
    await theirs.revoke(whose(next));
    expect(await getsIn(kept)).toBe(false);
    other.close();
  });

  test('a symbolic link where the list is written leads nowhere', async () => {
    writeFileSync(server.at('precious'), 'precious');
    await run('ln', ['-s', server.at('precious'), `${server.list}.new`]);
    const id = newGrantId();
    await connection.grant(whose(id), inAnHour());
    await connection.revoke(whose(id));
    expect(readFileSync(server.at('precious'), 'utf8')).toBe('precious');
    expect(statSync(server.list).mode & 0o777).toBe(0o644);
    rmSync(`${server.list}.new`);
  });

  test('a certificate issued in the moment of the end is refused', async () => {
    const id = newGrantId();
    await connection.grant(whose(id), inAnHour());
    const later = Date.now() + 10 * 3_600_000;
    const [issued] = await Promise.all([connection.issueCredential?.(whose(id), later), connection.revoke(whose(id))]);
    expect(await getsIn(issued?.secret ?? '')).toBe(false);
    await expect(connection.issueCredential?.(whose(id), later)).rejects.toThrow(/no access/);
    // It stays on the list as long as it could be used, also by a server whose clock is hours behind.
    const then = { ...use, clock: { now: () => later + 6 * 3_600_000 } };
    await ssh.connect(target, then).tidy?.();
    expect(await getsIn(issued?.secret ?? '')).toBe(false);
  });

  test('the list does not grow for ever', async () => {
    const id = newGrantId();
    await certificate(id);
    await connection.revoke(whose(id));
    const long = { ...use, clock: { now: () => Date.now() + 30 * DAY } };
    await ssh.connect(target, long).tidy?.();
    expect(JSON.parse(readFileSync(`${server.list}.json`, 'utf8'))).toEqual([]);
    expect(await use.seats.of(id)).toEqual([]);
  });

  test('servers that missed it are told again, and the grant is not over before', async () => {
    const told = server.at('told');
    const file = server.at('publish.sh');
    writeFileSync(file, `#!/bin/sh\ntest -e ${server.at('down')} && exit 1\ncp ${server.list} ${told}\n`, {
      mode: 0o755,
    });
    const publishing = ssh.connect({ ...target, publish: [file] }, use);
    const id = newGrantId();
    await publishing.grant(whose(id), inAnHour());
    writeFileSync(server.at('down'), '');
    await expect(publishing.revoke(whose(id))).rejects.toThrow(/publish\.sh/);
    expect(await publishing.isActive(whose(id))).toBe(true);
    rmSync(server.at('down'));
    await publishing.revoke(whose(id));
    expect(readFileSync(told)).toEqual(readFileSync(server.list));
    // A list that had to be mended goes to the servers too.
    rmSync(server.list);
    rmSync(told);
    await publishing.isActive(whose(id));
    expect(readFileSync(told)).toEqual(readFileSync(server.list));
    // Also by a second end of the same access.
    rmSync(server.list);
    await publishing.revoke(whose(id));
    expect(sayTheSame(readFileSync(told), readFileSync(server.list))).toBe(true);
  });

  test('a changed list that did not reach the servers goes there in the next round', async () => {
    const told = server.at('told-later');
    const file = server.at('publish-later.sh');
    const down = server.at('down-later');
    writeFileSync(file, `#!/bin/sh\ntest -e ${down} && exit 1\ncp ${server.list} ${told}\n`, { mode: 0o755 });
    const publishing = ssh.connect({ ...target, publish: [file] }, use);
    await publishing.tidy?.();
    const id = newGrantId();
    const kept = await certificate(id);
    // Another bot on the same list ends it.
    await connection.revoke(whose(id));
    writeFileSync(down, '');
    await expect(publishing.tidy?.()).rejects.toThrow(/publish-later\.sh/);
    expect(readFileSync(told)).not.toEqual(readFileSync(server.list));
    rmSync(down);
    await publishing.tidy?.();
    expect(readFileSync(told)).toEqual(readFileSync(server.list));
    expect(await getsIn(kept)).toBe(false);
  });

  test('only the key of a public key reaches the certificate and the shown command', async () => {
    const odd = ssh.connect(target, { ...use, accountOf: () => `${server.key} '; touch /tmp/x; echo '` });
    const id = newGrantId();
    await odd.grant(whose(id), inAnHour());
    const issued = await odd.issueCredential?.(whose(id), inAnHour());
    expect(issued?.usage).not.toContain('touch');
    await odd.revoke(whose(id));
  });

  test('the shown command names the login if no principal is one, or says so', async () => {
    const id = newGrantId();
    const named = { ...whose(id), role: { principals: ['payments-ops'], login: 'app', source_addresses: [] } };
    await connection.grant(named, inAnHour());
    expect((await connection.issueCredential?.(named, inAnHour()))?.usage).toContain('jit-cert.pub app@HOST');
    const unnamed = { ...named, role: { principals: ['payments-ops'], source_addresses: [] } };
    const { usage } = (await connection.issueCredential?.(unnamed, inAnHour())) ?? {};
    expect(usage).toContain('AuthorizedPrincipalsFile, use the login that lists it');
    await connection.revoke(named);
  });

  test.each([
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['192.0.2.7/31', '192.0.2.6/31'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['::ffff:10.1.2.3/104', '::ffff:a00:0/104'],
    ['1.2.3.4/0', '0.0.0.0/0'],
  ])('an address inside a range is refused at load, and the range is named: %s', (wrong, right) => {
    const parsed = ssh.roleSchema.safeParse({ principals: ['app'], source_addresses: [wrong] });
    expect(parsed.error?.issues[0]?.message).toContain(right);
    expect(ssh.roleSchema.safeParse({ principals: ['app'], source_addresses: [right] }).success).toBe(true);
  });

  test('every accepted range makes a certificate', async () => {
    const sources = [
      '10.0.0.0/8',
      '192.0.2.7',
      '192.0.2.7/32',
      '2001:DB8::/32',
      '2001:db8:0:0::1',
      '::/0',
      '::ffff:10.0.0.0/104',
      '0.0.0.0/0',
    ];
    expect(ssh.roleSchema.safeParse({ principals: [me], source_addresses: sources }).success).toBe(true);
    const findings = await connection.check(
      sources.map((source) => ({ roleKey: source, role: { principals: [me], source_addresses: [source] } })),
    );
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each(['10.0.0.0/33', '::/129', '10.0.0/8', 'fe80::1%eth0', '10.0.0.0/', '10.0.0.0/8/8', '', 'host'])(
    'a text that is no address is refused at load: %j',
    (source) => {
      expect(ssh.roleSchema.safeParse({ principals: [me], source_addresses: [source] }).success).toBe(false);
    },
  );

  test('with end_sessions, this grant’s connections end with it, and no others', async () => {
    // The example as it stands in docs, with the daemon's log in place of the journal.
    const bin = server.at('bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'journalctl'), `#!/bin/sh\ncat ${server.at('log')}\n`, { mode: 0o755 });
    const program = ['/usr/bin/env', `PATH=${bin}:${process.env.PATH}`, 'sh', 'docs/targets/examples/end-jit-sessions'];
    const ending: Connection<typeof role> = ssh.connect({ ...target, end_sessions: program }, use);
    expect(ending.afterlife).toBe(0);
    const [first, second] = [newGrantId(), newGrantId()];
    const [mine, other] = [await certificate(first), await certificate(second)];
    const master = server.at('mux');
    // One shell, and one connection through which any number of shells could be opened without asking the server again.
    const open = [
      spawn('ssh', [...(await server.daemon(mine)), 'cat']),
      spawn('ssh', [...(await server.daemon(mine, ['-M', '-S', master, '-N']))]),
      spawn('ssh', [...(await server.daemon(other)), 'cat']),
    ];
    const ends = open.map((one) => once(one, 'exit'));
    await expect.poll(() => server.log().match(/Accepted publickey/g)?.length, { timeout: 15_000 }).toBe(3);
    await ending.revoke(whose(first));
    await Promise.all(ends.slice(0, 2));
    expect(open[2]?.exitCode).toBeNull();
    await expect(run('ssh', ['-S', master, '-o', 'ControlMaster=no', '-O', 'check', 'x'])).rejects.toThrow();
    await ending.revoke(whose(second));
    await ends[2];
  });

  test('end-jit-sessions ends no other program and no later login on a reused port', async () => {
    const bin = server.at('bin2');
    mkdirSync(bin);
    const [gone, ours, later] = ['10.0.0.1 port 1001', '10.0.0.1 port 1002', '2001:db8::1 port 1003'];
    const accepted = (peer: string, what: string) =>
      `Accepted ${what.includes('ID') ? 'publickey' : 'password'} for app from ${peer} ssh2${what}`;
    const lines = [
      accepted(gone, ': ED25519-CERT SHA256:x ID jitbot GMINE b@x (serial 0) CA ED25519 SHA256:y'),
      accepted(ours, ': ED25519-CERT SHA256:x ID jitbot GMINE b@x (serial 0) CA ED25519 SHA256:y'),
      accepted(later, ': ED25519-CERT SHA256:x ID jitbot GMINE b@x (serial 0) CA ED25519 SHA256:y'),
      accepted(later, ''),
      // What anybody can make sshd write, by the name that they come with.
      `Disconnected from invalid user x from ${ours} ${ours} [preauth]`,
      `Failed none for invalid user Accepted publickey for a from ${ours} ssh2: ID jitbot GOTHER b from 10.9.9.9 port 9 ssh2`,
      accepted('10.0.0.1 port 1004', ': ED25519-CERT SHA256:x ID jitbot GMINE2 b@x (serial 0) CA ED25519 SHA256:y'),
    ];
    const killed = server.at('killed');
    const script = (name: string, body: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    script('journalctl', `cat <<'END'\n${lines.join('\n')}\nEND`);
    script(
      'ss',
      `case "$*" in
         *10.0.0.1:1001*) echo '0 0 a:22 b:1 users:(("mariadbd",pid=11,fd=9))';;
         *10.0.0.1:1002*) echo '0 0 a:22 b:1 users:(("sshd",pid=21,fd=4),("sshd-session",pid=22,fd=4))';;
         *) echo '0 0 a:22 b:1 users:(("sshd",pid=31,fd=4))';;
       esac`,
    );
    script('kill', 'true');
    script('xargs', `cat >> ${killed}`);
    await run('/usr/bin/env', [
      `PATH=${bin}:${process.env.PATH}`,
      'sh',
      'docs/targets/examples/end-jit-sessions',
      'GMINE',
    ]);
    expect(readFileSync(killed, 'utf8').trim().split('\n')).toEqual(['21', '22']);
  });

  test('with end_sessions that fails, the grant is not over', async () => {
    const ending = ssh.connect(
      { ...target, end_sessions: ['/bin/sh', '-c', 'echo "no way to web1 for $0" >&2; exit 1'] },
      use,
    );
    const id = newGrantId();
    const kept = await certificate(id);
    await expect(ending.revoke(whose(id))).rejects.toThrow(`no way to web1 for ${id}`);
    expect(await ending.isActive(whose(id))).toBe(true);
    // A new use is over all the same.
    expect(await getsIn(kept)).toBe(false);
    await connection.revoke(whose(id));
  });
});
