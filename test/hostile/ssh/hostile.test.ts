import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/provisioners/provisioner.ts';
import { ssh } from '../../../src/provisioners/ssh/provisioner.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from '../../provisioners/contract.ts';
import { type Chance, chanceFrom } from '../../simulation/chance.ts';
import { hasSshd, me, run, type Sshd, startSshd } from '../../support/sshd.ts';
import { seeds } from '../play.ts';

/**
 * A hostile holder on a real sshd that is set up as docs/targets/ssh.md says: they do whatever a seed says, then the end comes.
 * `HOSTILE_ROUNDS=200 HOSTILE_SEED=1000` tries more.
 */
/** No new use so long after the end, whatever the holder does. */
const BOUND_MS = 30_000;

type Role = {
  principals: string[];
  source_addresses: string[];
  allow?: ('pty' | 'port-forwarding' | 'agent-forwarding')[];
};
const EMAILS = ['ben@harbor.example', 'ben_x#EXT#@harbor.example', "o'neil+x@harbor.example", '"b b"@harbor.example'];

interface Holder {
  readonly chance: Chance;
  readonly access: ReturnType<typeof accessOf<Role>>;
  /** Every certificate that was ever issued. */
  readonly certificates: string[];
  /** What the holder keeps running on their own machine: an open shell, a master, a tunnel. */
  readonly open: ChildProcess[];
  /** Sockets through which shells can be opened without asking the server. */
  readonly masters: string[];
}

describe.skipIf(!hasSshd)('a hostile holder on sshd', () => {
  let server: Sshd;
  let use: ReturnType<typeof useForTests>;
  let connection: Connection<Role>;
  const numbers = { last: 0 };
  const serial = (): number => {
    numbers.last += 1;
    return numbers.last;
  };

  beforeAll(async () => {
    server = await startSshd();
    use = useForTests({ accountOf: () => server.key });
    const bin = server.at('bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'journalctl'), `#!/bin/sh\ncat ${server.at('log')}\n`, { mode: 0o755 });
    connection = ssh.connect(
      {
        ...{ kind: 'ssh', ca_key: server.caKey, revocation_list: server.list, publish: [], public_key: '{ssh_key}' },
        end_sessions: [
          '/usr/bin/env',
          `PATH=${bin}:${process.env.PATH}`,
          'sh',
          'docs/targets/examples/end-jit-sessions',
        ],
      },
      use,
    );
  });
  afterAll(async () => {
    await server.stop();
    use.close();
  });

  async function issue({ access, certificates }: Holder): Promise<string> {
    const issued = (await connection.issueCredential?.(access, inAnHour()))?.secret ?? '';
    certificates.push(issued);
    return issued;
  }

  /** Starts an ssh that stays, and waits until the server has let it in. */
  async function stay(holder: Holder, options: readonly string[], command: readonly string[] = []): Promise<void> {
    const certificate = holder.certificates.at(-1) ?? '';
    const before = server.log().split('Accepted publickey').length;
    const child = spawn('ssh', [...(await server.daemon(certificate, options)), ...command]);
    child.on('error', () => undefined);
    await expect
      .poll(() => child.exitCode !== null || server.log().split('Accepted publickey').length > before, {
        timeout: 15_000,
      })
      .toBe(true);
    if (child.exitCode === null) holder.open.push(child);
  }

  const MOVES: Readonly<Record<string, (holder: Holder) => Promise<unknown>>> = {
    'another certificate': issue,
    'a shell that stays': (holder) => stay(holder, [], ['cat']),
    'a master for more shells': async (holder) => {
      const path = server.at(`m${serial()}`);
      await stay(holder, ['-M', '-S', path, '-N']);
      holder.masters.push(path);
    },
    'a tunnel': (holder) => stay(holder, ['-N', '-R', `${20_000 + serial()}:127.0.0.1:1`]),
    'a process that stays': async (holder) =>
      server.login(holder.certificates.at(-1) ?? '', 'nohup sleep 2 >/dev/null 2>&1 &'),
    'a line in the log that looks like sshd’s': async (holder) =>
      server.login(
        holder.certificates.at(-1) ?? '',
        `echo 'Accepted publickey for x from 127.0.0.1 port 1 ssh2: ID jitbot GOTHER x (serial 0)'`,
      ),
    "somebody else's key": async (holder) =>
      server
        .login(holder.certificates.at(-1) ?? '', 'true', { key: 'eve' })
        .then(({ worked }) => expect(worked).toBe(false)),
  };

  async function end(access: Holder['access']): Promise<{ took: number; problems: string[] }> {
    const from = Date.now();
    const problems: string[] = [];
    while (Date.now() - from < BOUND_MS) {
      try {
        await connection.revoke(access);
        if (!(await connection.isActive(access))) break;
      } catch (error) {
        problems.push(String(error));
      }
    }
    return { took: Date.now() - from, problems };
  }

  /** What of it works after the end: each certificate, each master, whatever was left open. */
  async function stillUse(holder: Holder): Promise<string[]> {
    const used: string[] = [];
    for (const [at, certificate] of holder.certificates.entries())
      if ((await server.login(certificate, 'true')).worked) used.push(`certificate ${at}`);
    for (const path of holder.masters) {
      const works = await run('ssh', ['-S', path, '-o', 'ControlMaster=no', 'x', 'true'], { timeout: 5_000 }).then(
        () => true,
        () => false,
      );
      if (works) used.push(`a shell through ${path}`);
    }
    for (const [at, child] of holder.open.entries())
      if (child.exitCode === null && child.signalCode === null) used.push(`what was left open, ${at}`);
    for (const key of ['ben', 'eve'])
      if ((await server.login(null, 'true', { key })).worked) used.push(`the key of ${key} alone`);
    return used;
  }

  async function holderOf(seed: number): Promise<Holder> {
    const chance = chanceFrom(seed);
    const role: Role = { principals: [me], source_addresses: [] };
    if (chance.happens(0.5)) role.allow = ['pty', 'port-forwarding'];
    const person = { slackId: 'U0BEN', name: 'Ben', email: chance.pick(EMAILS) };
    const holder: Holder = {
      ...{ chance, access: { ...accessOf(role, newGrantId()), person } },
      ...{ certificates: [], open: [], masters: [] },
    };
    await connection.grant(holder.access, inAnHour());
    await issue(holder);
    return holder;
  }

  test.each(seeds(6))(
    'K11.5 nothing works after the end, and others keep theirs: seed %i',
    async (seed) => {
      const [holder, friend] = [await holderOf(seed), await holderOf(seed + 1_000_000)];
      await stay(friend, [], ['cat']);
      const done: string[] = [];
      for (let left = 2 + holder.chance.int(5); left > 0; left -= 1) {
        const [name, move] = holder.chance.pick(Object.entries(MOVES));
        await move(holder);
        done.push(name);
      }
      const { took, problems } = await end(holder.access);
      await Promise.all(holder.open.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
      const told = {
        took: took < BOUND_MS ? 'in time' : problems,
        used: await stillUse(holder),
        friend: await stillUse(friend),
        // No file of the bot's is left beside the list.
        files: readdirSync(server.at('lists')).sort(),
      };
      await connection.revoke(friend.access);
      expect(told, `seed ${seed}: ${done.join(', ')}`).toEqual({
        took: 'in time',
        used: [],
        friend: ['certificate 0', 'what was left open, 0'],
        files: ['revoked.krl', 'revoked.krl.json'],
      });
    },
    90_000,
  );

  test('the judge finds a certificate, a connection and a master that were left alone', async () => {
    const holder = await holderOf(1);
    await MOVES['a shell that stays']?.(holder);
    await MOVES['a master for more shells']?.(holder);
    // As if the end had not come.
    expect(await stillUse(holder)).toEqual([
      'certificate 0',
      expect.stringContaining('a shell through'),
      'what was left open, 0',
      'what was left open, 1',
    ]);
    await connection.revoke(holder.access);
  });

  test('the judge finds a key left where sshd reads keys that its holder may write', async () => {
    const careless = await startSshd({ authorizedKeys: 'keys' });
    writeFileSync(careless.at('keys'), `${careless.key}\n`);
    await ssh
      .connect(
        { kind: 'ssh', ca_key: careless.caKey, revocation_list: careless.list, publish: [], public_key: '{ssh_key}' },
        use,
      )
      .tidy?.();
    expect((await careless.login(null, 'true')).worked).toBe(true);
    await careless.stop();
  });
});
