/** A real program, run for every question. */

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { command, sendTo } from '../../src/provisioners/command/provisioner.ts';
import type { OwnSeat } from '../support/accessService.ts';
import { accessOf, describeContract, inAnHour, newGrantId, useForTests } from './contract.ts';
import { changesOfOwn } from './ownChanges.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-command-'));
const at = (name: string) => join(folder, name);
const use = useForTests();
afterAll(() => {
  use.close();
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, source: string): string {
  writeFileSync(at(name), `#!${process.execPath}\n${source}`);
  chmodSync(at(name), 0o755);
  return at(name);
}

const access = program(
  'access.cjs',
  `const fs = require('fs');
const said = JSON.parse(fs.readFileSync(0, 'utf8'));
const file = process.env.HELD;
if (fs.existsSync(file + '.down')) { console.error('one\\nthe door controller is away at 127.0.0.1'); process.exit(3); }
if (fs.existsSync(file + '.instead')) { const [code, text] = JSON.parse(fs.readFileSync(file + '.instead', 'utf8')); console.log(text); process.exit(code); }
const held = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
const answer = (value) => { fs.writeFileSync(file, JSON.stringify(held)); console.log(JSON.stringify(value)); };
const id = said.id ?? Object.keys(held).find((one) => held[one].grantId === said.grant_id);
const seat = () => ({ grantId: said.grant_id, madeFor: said.grant_id, person: said.person.email, role: said.role });
switch (said.action) {
  case 'grant': {
    const door = id ?? 'door-' + said.grant_id.slice(1);
    held[door] ??= seat();
    return answer({ active: true, account: said.person.email, id: door });
  }
  case 'revoke': case 'remove': delete held[id]; return answer({ active: false });
  case 'status': return answer({ active: id in held });
  case 'list': return answer({ holdings: Object.values(held).map((one) => ({ account: one.person, role: one.role ?? null, grant_id: one.grantId })) });
  case 'check': return answer({ findings: [{ ok: true, what: 'the door controller answers' }] });
}`,
);
const held = (): Map<string, OwnSeat> =>
  new Map(Object.entries(existsSync(at('held')) ? JSON.parse(readFileSync(at('held'), 'utf8')) : {}));
const target = command.targetSchema.parse({
  kind: 'command',
  run: [access],
  env: { HELD: at('held') },
  lists: true,
  checks: true,
});
const connection = command.connect(target, use);
const role = { door: 'server room' };

describeContract('command', () => ({
  connection,
  role,
  reallyHas: async (grantId) => [...held().values()].some(({ madeFor }) => madeFor === grantId),
  breakTarget: () => writeFileSync(at('held.down'), ''),
  mendTarget: () => rmSync(at('held.down')),
  changes: changesOfOwn({
    held,
    keep: (all) => writeFileSync(at('held'), JSON.stringify(Object.fromEntries(all))),
    elsewhere: ['0 {"active":false,"id":"of-another"}', '1 no such site'],
    blind: ['1 {"active":false}', '0 ', '0 {}', '0 {"active":"false"}', '0 {"active":false,"error":"denied"}', '127 '],
    answer: (text) => {
      if (text === null) return rmSync(at('held.instead'));
      const [code = '', ...words] = text.split(' ');
      writeFileSync(at('held.instead'), JSON.stringify([Number(code), words.join(' ')]));
    },
  }),
}));

describe('command', () => {
  const one = () => accessOf(role, newGrantId());
  const withProgram = (path: string, ...args: string[]) =>
    command.connect(command.targetSchema.parse({ kind: 'command', run: [path, ...args] }), use);

  test('the last line of its error output is in the error', async () => {
    writeFileSync(at('held.down'), '');
    await expect(connection.grant(one(), inAnHour())).rejects.toThrow(
      `${access} ended with 3 (the door controller is away at 127.0.0.1), asked to grant`,
    );
    rmSync(at('held.down'));
  });

  test('no shell looks at its arguments, and none of the bot’s environment reaches it', async () => {
    process.env.SLACK_BOT_TOKEN = 'xoxb-secret';
    const echo = program(
      'echo.cjs',
      'console.log(JSON.stringify({ active: true, account: JSON.stringify([process.argv.slice(2), Object.keys(process.env)]) }))',
    );
    const { account } = await withProgram(echo, '$(touch /tmp/x); `id`', '| cat').grant(one(), inAnHour());
    delete process.env.SLACK_BOT_TOKEN;
    expect(JSON.parse(account)).toEqual([['$(touch /tmp/x); `id`', '| cat'], ['PATH']]);
  });

  test('one that hangs is killed, with its children', async () => {
    const hang = program(
      'hang.cjs',
      `const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
       require('fs').writeFileSync('${at('child')}', String(child.pid)); setInterval(() => {}, 1000);`,
    );
    const send = sendTo({ run: [hang], env: {} }, 500);
    await expect(send('status', {}, null)).rejects.toThrow('gave no answer within 0.5 s, asked to say whether');
    const pid = Number(readFileSync(at('child'), 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('its children do not go on after it has answered', async () => {
    const leaves = program(
      'leaves.cjs',
      `const child = require('child_process').spawn('sleep', ['600'], { stdio: 'ignore' });
       require('fs').writeFileSync('${at('left')}', String(child.pid)); child.unref();
       console.log('{"active": true}');`,
    );
    await withProgram(leaves).isActive(one());
    await expect.poll(() => isAlive(Number(readFileSync(at('left'), 'utf8')))).toBe(false);
  });

  test('a child may finish writing its answer', async () => {
    const slow = program('slow.sh', '');
    writeFileSync(slow, `#!/bin/sh\n(sleep 0.2; echo '{"active": true}') &\n`);
    expect(await withProgram(slow).isActive(one())).toBe(true);
  });

  test('a child that keeps the output open is ended, and the answer counts', async () => {
    const holds = program('holds.sh', '');
    writeFileSync(holds, `#!/bin/sh\necho '{"active": true}'\nsleep 600 &\n`);
    expect(await withProgram(holds).isActive(one())).toBe(true);
  });

  test('one that answers before it has read its input is understood', async () => {
    const hasty = program('hasty.sh', '');
    writeFileSync(hasty, `#!/bin/sh\necho '{"active": true, "account": "ben"}'\n`);
    const much = accessOf({ door: 'x'.repeat(4_000_000) }, newGrantId());
    expect(await withProgram(hasty).grant(much, inAnHour())).toEqual({ account: 'ben' });
  });

  test('an answer and an error that arrive in pieces are read whole', async () => {
    const pieces = program(
      'pieces.cjs',
      `const piecemeal = async (stream, bytes) => {
         for (const byte of bytes) { stream.write(Buffer.from([byte])); await new Promise((done) => setTimeout(done, 5)); }
       };
       const answer = Buffer.from(JSON.stringify({ active: true, account: 'Zoë' }));
       if (process.argv[2]) piecemeal(process.stderr, Buffer.from('one\\ntwo')).then(() => process.exit(3));
       else piecemeal(process.stdout, answer);`,
    );
    expect(await withProgram(pieces).grant(one(), inAnHour())).toEqual({ account: 'Zoë' });
    await expect(withProgram(pieces, 'fail').isActive(one())).rejects.toThrow('ended with 3 (two)');
  });

  test('a child outside its group with the output open fails it, without hanging', async () => {
    const away = program(
      'away.cjs',
      `const child = require('child_process').spawn(process.execPath, ['-e', \`
         process.stdout.on('error', () => { require('fs').writeFileSync('${at('cut')}', 'cut'); process.exit(); });
         setInterval(() => process.stdout.write('{"active": false}'), 50);
         setTimeout(() => process.exit(), 20000);\`], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
       child.unref();`,
    );
    await expect(withProgram(away).isActive(one())).rejects.toThrow(
      /left something running that keeps its output open/,
    );
    await expect.poll(() => existsSync(at('cut'))).toBe(true);
  });

  test('one that the bot may not kill fails, and the bot goes on', async () => {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    });
    const root = program('root.cjs', 'setTimeout(() => process.exit(), 1000);');
    const asked = sendTo({ run: [root], env: {} }, 100)('revoke', {}, null);
    await expect(asked).rejects.toThrow(/root\.cjs cannot be killed: kill EPERM, asked to revoke/);
    kill.mockRestore();
  });

  test('what its holder left is named at the end, also after a failed read-back', async () => {
    const door = program(
      'left.cjs',
      `const said = JSON.parse(require('fs').readFileSync(0, 'utf8'));
       const first = !require('fs').existsSync('${at('named')}');
       if (said.action === 'revoke') require('fs').writeFileSync('${at('named')}', '');
       const left = first ? [{ what: 'copy of the card 17', done: 'stays' }] : [];
       console.log(JSON.stringify({ active: false, left }));`,
    );
    const grant = one();
    expect(await withProgram(door).revoke(grant)).toEqual({ left: [{ what: 'copy of the card 17', done: 'stays' }] });
    expect(await withProgram(door).revoke(grant)).toEqual({ left: [{ what: 'copy of the card 17', done: 'stays' }] });
    expect(await withProgram(door).revoke(one())).toEqual({ left: [] });
  });

  test.each([
    ['writes nonsense', 'console.log("yes")', /something that is not \{"active"/],
    ['writes without end', 'process.stdout.write("x".repeat(3e6))', /wrote more than/],
    ['says no', 'console.log(JSON.stringify({ active: false }))', /answered the grant with "active": false/],
  ])('one that %s grants nothing', async (_, source, problem) => {
    await expect(withProgram(program('odd.cjs', source)).grant(one(), inAnHour())).rejects.toThrow(problem);
  });

  test.each([
    ['says nothing', ''],
    ['says nothing about it', 'console.log("{}")'],
    ['says no in a word', `console.log('{"active": "false"}')`],
    ['says yes and no', `console.log('{"active": true, "account": "x", "active": false}')`],
    ['says two things', `console.log('{"active": false}'); console.log('{"active": true}')`],
    ['says no beside an error', `console.log('{"active": false, "error": "no such tenant"}')`],
    ['says no and fails', `console.log('{"active": false}'); process.exitCode = 1`],
    [
      'says no and is killed',
      `require('fs').writeSync(1, '{"active": false}'); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`,
    ],
  ])('one that %s has not said that access is gone', async (_, source) => {
    const odd = withProgram(program('vague.cjs', source));
    await expect(odd.isActive(one())).rejects.toThrow(/vague\.cjs/);
    await expect(odd.revoke(one())).rejects.toThrow(/vague\.cjs/);
  });

  test('one that answers a revoke with "still there" has not ended it', async () => {
    const stubborn = withProgram(program('stubborn.cjs', `console.log('{"active": true}')`));
    await expect(stubborn.revoke(one())).rejects.toThrow(/answered the revoke with "active": true/);
  });

  test('its own id is given back to it with every later question', async () => {
    const cards = program(
      'cards.cjs',
      `const fs = require('fs');
       const said = JSON.parse(fs.readFileSync(0, 'utf8'));
       fs.appendFileSync('${at('cards')}', said.action + ' ' + (said.id ?? 'without') + '\\n');
       console.log(JSON.stringify({ active: said.action === 'grant', id: said.action === 'grant' ? 'card-7' : said.id }));`,
    );
    const [door, held] = [withProgram(cards), one()];
    await door.grant(held, inAnHour());
    await door.isActive(held);
    await door.revoke(held);
    expect(readFileSync(at('cards'), 'utf8')).toBe('grant without\nstatus card-7\nrevoke card-7\n');
  });

  test('its place is its command and environment, without secrets', () => {
    const placeOf = (env: Record<string, string>) =>
      command.placeOf(command.targetSchema.parse({ kind: 'command', run: [access, '--site', 'hamburg'], env }));
    const place = placeOf({ SITE: 'north', DOOR_TOKEN: 'one' });
    expect(placeOf({ SITE: 'south', DOOR_TOKEN: 'one' })).not.toBe(place);
    expect(placeOf({ DOOR_TOKEN: 'two', SITE: 'north' })).toBe(place);
    expect(place).not.toMatch(/north|one/);
  });

  test('a missing program is named', async () => {
    await expect(withProgram('/nowhere/at/all').isActive(one())).rejects.toThrow(
      '/nowhere/at/all could not be started',
    );
  });

  test('a program without its whole path is refused in the policy file', () => {
    const parsed = command.targetSchema.safeParse({ kind: 'command', run: ['vpn-access'] });
    expect(parsed.error?.message).toContain('the whole path of the program');
  });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has waited for is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
