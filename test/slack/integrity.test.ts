import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const MINUTE = 60_000;
let stage: Stage;
afterEach(() => stage.close());

const database = () => stage.sandbox.env.JIT_DATABASE ?? '';
const key = (name = 'key.pem') => {
  const file = join(stage.sandbox.directory, name);
  writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return file;
};
const checkpoints = () => join(stage.sandbox.directory, 'checkpoints.jsonl');
const withCheckpoints = (keyPath: string) => ({ JIT_CHECKPOINT_KEY: keyPath, JIT_CHECKPOINTS: checkpoints() });
/** Somebody with the file and every right on it. */
const tamper = (sql: string) => {
  const db = new SQLite(database());
  db.exec(`DROP TRIGGER IF EXISTS events_are_never_changed; DROP TRIGGER IF EXISTS events_are_never_deleted; ${sql}`);
  db.close();
};
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
};
/** Until the audit channel shows everything, so that it can be compared with. */
const shown = () =>
  stage.until('the audit channel shows it all', () =>
    stage.sandbox.slack.workspace
      .visible('C0AUDIT', 'U0EVE')
      .some(({ metadata }) => metadata?.event_payload.to === stage.events().at(-1)?.seq),
  );

describe('a ledger that cannot be trusted', () => {
  test('broken at start: nothing new is granted, live access ends, people are told', async () => {
    stage = await setStage();
    await hold();
    await stage.stopBot();
    tamper("UPDATE events SET payload = replace(payload, 'stuck payments', 'nothing at all') WHERE seq = 3");
    await stage.restart();
    await stage.recorded('ledger.damaged');
    const told = await stage.chloe.readsIn('C0ACCESS', 'The ledger cannot be trusted');
    expect(stage.text(told, 'U0CHLOE')).toContain('@security');
    expect(stage.text(told, 'U0CHLOE')).toContain('event 3 was changed after it was recorded');
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
    await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.ben.told('Nothing can be granted now');
    stage.clock.jump(61 * MINUTE);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('an older copy put in its place is found by what the audit channel remembers', async () => {
    stage = await setStage();
    await shown();
    await stage.stopBot();
    const copy = join(stage.sandbox.directory, 'copy.db');
    new SQLite(database()).exec('PRAGMA wal_checkpoint(TRUNCATE)').close();
    copyFileSync(database(), copy);
    await stage.restart();
    await hold();
    await shown();
    await stage.stopBot();
    for (const suffix of ['-wal', '-shm']) writeFileSync(`${database()}${suffix}`, '');
    copyFileSync(copy, database());
    await stage.restart();
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload.problem).toContain('the audit channel knows event');
    // What it no longer knows of cannot end by itself: the target's own expiry is the net below.
    await stage.ana.jit('request orders read 1h stuck orders');
    await stage.ana.told('Nothing can be granted now');
  });

  test('all of it written anew, chain and all, is found by the checkpoint file', async () => {
    stage = await setStage();
    const env = withCheckpoints(key());
    await stage.restart({ env });
    await hold();
    stage.clock.jump(2 * MINUTE);
    const anchored = await stage.recorded('ledger.anchored');
    expect(anchored.payload.place).toBe(checkpoints());
    await stage.stopBot();
    stage.sandbox.slack.workspace.messages.splice(0);
    tamper('DELETE FROM events WHERE seq > 2');
    await stage.restart({ env });
    const damaged = await stage.recorded('ledger.damaged');
    expect(damaged.payload.problem).toContain('the checkpoint file');
    const { code, out } = await jit(['ledger', 'verify', database(), '--checkpoints', checkpoints()]);
    expect(code).toBe(1);
    expect(out).toMatch(/NOT WHOLE[\s\S]*(cut off the newest events|rewrote the ledger)/);
  });
});

describe('checkpoints', () => {
  test('a whole ledger agrees with file and channel, and verify counts the positions', async () => {
    stage = await setStage();
    const keyPath = key();
    await stage.restart({ env: withCheckpoints(keyPath) });
    await hold();
    stage.clock.jump(2 * MINUTE);
    await stage.recorded('ledger.anchored');
    await shown();
    await stage.stopBot();
    const env = {
      SLACK_BOT_TOKEN: stage.sandbox.env.SLACK_BOT_TOKEN ?? '',
      SLACK_API_URL: stage.sandbox.env.SLACK_API_URL ?? '',
      JIT_POLICY: stage.sandbox.env.JIT_POLICY ?? '',
    };
    const { code, out } = await jit(
      ['ledger', 'verify', database(), '--checkpoints', checkpoints(), '--from-slack'],
      env,
    );
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/whole: \d+ events.* agrees with \d+ positions kept elsewhere/),
    });
    tamper('UPDATE events SET at = at + 1 WHERE seq = 4');
    expect((await jit(['ledger', 'verify', database(), '--from-slack'], env)).out).toMatch(
      /event 4 was changed[\s\S]*Somebody edited that event/,
    );
    expect((await jit(['ledger', 'verify', database(), '--from-slack'])).err).toContain(
      '--from-slack needs SLACK_BOT_TOKEN',
    );
  });

  test('the key is rotated by a line that the old one signs', async () => {
    stage = await setStage();
    const [old, next] = [key('old.pem'), key('next.pem')];
    await stage.restart({ env: withCheckpoints(old) });
    await expect(stage.restart({ env: withCheckpoints(next) })).rejects.toThrow(/jitbot ledger rotate-key/);
    expect(
      await jit(['ledger', 'rotate-key', '--checkpoints', checkpoints(), '--old', old, '--new', next]),
    ).toMatchObject({ code: 0 });
    await stage.restart({ env: withCheckpoints(next) });
    stage.clock.jump(2 * MINUTE);
    await stage.recorded('ledger.anchored');
    expect(
      readFileSync(checkpoints(), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['key', 'key', 'checkpoint']);
  });

  test('an HTTP endpoint gets them too, again until it has taken them', async () => {
    const taken: { kind: string; seq: number }[] = [];
    let isDown = true;
    const server = createServer(async (request, response) => {
      const line = JSON.parse(await readBody(request));
      if (!isDown) taken.push(line);
      response.writeHead(isDown ? 503 : 204).end();
    });
    const place = `http://127.0.0.1:${await listen(server)}/checkpoints`;
    stage = await setStage();
    await stage.restart({ env: { JIT_CHECKPOINT_KEY: key(), JIT_CHECKPOINTS: place } });
    stage.clock.jump(2 * MINUTE);
    await stage.logged('a job failed', 1);
    isDown = false;
    stage.clock.jump(MINUTE);
    const anchored = await stage.recorded('ledger.anchored');
    expect(taken).toMatchObject([{ kind: 'checkpoint', seq: anchored.payload.seq }]);
    await closeServer(server);
  });
});
