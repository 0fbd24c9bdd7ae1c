import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import SQLite from 'better-sqlite3';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import type { Message } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const DAY = 24 * HOUR;
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const inChannel = (text: string): Promise<Message> =>
  stage.until(`the approvals channel says "${text}"`, () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', 'U0EVE')
      .findLast((message) => stage.text(message, 'U0EVE').includes(text)),
  );
const says = (message: Message, text: string) =>
  stage.until(`the message says "${text}"`, () => stage.text(message, 'U0EVE').includes(text));

/** Eve starts a review, and the owners of the payments database are asked. */
async function started(): Promise<Message> {
  await stage.eve.jit('access-review');
  const form = await stage.eve.sees('How long do they have?');
  await stage.eve.submit(form);
  await stage.eve.sees('rules answered. Owners answer in the approvals channel');
  return inChannel('who may get Payments database?');
}
/** The nth button of a kind on the message. */
const valueIn = (message: Message, action: string, nth = 0): string => {
  const buttons = message.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
  const found = buttons.filter((button) => button.action_id === action)[nth];
  return found?.type === 'button' ? (found.value ?? '') : '';
};
const remove = async (message: Message, why: string, nth = 0) => {
  await stage.sandbox.slack.people.click(
    'U0EVE',
    message,
    'access_review_remove',
    valueIn(message, 'access_review_remove', nth),
  );
  const form = await stage.eve.sees('Remove this rule');
  await stage.sandbox.slack.people.enter('U0EVE', form, 'comment', why);
  return stage.eve.submit(form);
};

describe('an access review', () => {
  test('asks the owners about every rule that admits somebody, with its use', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    const card = await started();
    const text = stage.text(card, 'U0EVE');
    expect(text).toContain('@security, please answer before');
    expect(text).toContain('Payments database (read): automatic if they are on call for Payments at level 1 or 2');
    expect(text).toContain('This role was given 1 time in the last 90 days, to 1 person.');
    expect(text).toContain('Payments database (admin): break-glass, without approval, for @sre');
    expect(text).toContain('2 of @dba');
    expect(text).not.toContain('deny');
    await stage.eve.click(card, 'access_review_keep');
    await says(card, 'Kept by @Eve Lindqvist');
    const answered = await stage.recorded('access_review.answered');
    expect(answered.payload).toMatchObject({ verdict: 'keep', role: 'payments-db/read' });
  });

  test('an unknown name of a group is shown as its id, and the review goes on', async () => {
    stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'usergroups.list' });
    const card = await started();
    expect(stage.text(card, 'U0EVE')).toContain('Payments database (admin): break-glass, without approval, for S0SRE');
  });

  test('a removed rule admits nobody, says who removed it, and counts once restored', async () => {
    const card = await started();
    await remove(card, 'Level 2 has no business here');
    await says(card, 'Removed by @Eve Lindqvist: “Level 2 has no business here”');
    await stage.ana.jit('request payments read 30m stuck payments');
    const submitted = await stage.recorded('request.submitted');
    expect(submitted.payload.decision.effect).toBe('ask');
    const asked = await inChannel('removed by an owner in access review');
    expect(stage.text(asked, 'U0EVE')).toContain('Not automatic');
    await stage.eve.click(card, 'access_review_keep');
    await says(card, 'Kept by @Eve Lindqvist');
    await stage.ana.jit('cancel');
    await stage.recorded('request.cancelled');
    // Also after a start, which puts back what somebody took out of the database.
    await stage.restart();
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
  });

  test('K10.11 a removed rule put back in the database is out again at start, loudly', async () => {
    await remove(await started(), 'Level 2 has no business here');
    await stage.recorded('access_review.answered');
    await stage.stopBot();
    const db = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
    db.exec("UPDATE records SET body = '[]' WHERE kind = 'removals'");
    db.close();
    await stage.restart();
    expect((await stage.recorded('ledger.damaged')).payload.problem).toContain(
      'was put back by nobody; it is out again',
    );
    await stage.restart();
    await stage.ana.jit('request payments read 30m stuck payments');
    expect((await stage.recorded('request.submitted')).payload.decision.effect).toBe('ask');
    expect(stage.events().filter(({ type }) => type === 'ledger.damaged')).toHaveLength(1);
  });

  test('break-glass that was removed is gone', async () => {
    const card = await started();
    const glass = stage
      .text(card, 'U0EVE')
      .split('\n')
      .filter((line) => line.startsWith('Payments database ('))
      .findIndex((line) => line.includes('break-glass'));
    await remove(card, 'Nobody needs this', glass);
    await says(card, 'Nobody needs this');
    await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.ben.told('You cannot use break-glass');
  });

  test('each owner gets a message with what waits for them, and a link', async () => {
    const card = await started();
    const told = await stage.eve.readsDirect('Access review: you own');
    expect(stage.text(told, 'U0EVE')).toMatch(/Payments database: \d+ of \d+ rules to go/);
    expect(JSON.stringify(told.blocks)).toContain(card.ts.replace('.', ''));
    const { visible } = stage.sandbox.slack.workspace;
    expect(visible.call(stage.sandbox.slack.workspace, 'D0BEN', 'U0BEN')).toEqual([]);
    await stage.eve.click(card, 'access_review_keep_all');
    await stage.until('the message says it is done', () =>
      /Payments database: \d+ rules, all answered/.test(stage.text(told, 'U0EVE')),
    );
  });

  test('the rest of a card is kept in one click, recorded, and removals stay', async () => {
    const card = await started();
    await remove(card, 'Level 2 has no business here');
    await says(card, 'Removed by @Eve Lindqvist');
    await stage.eve.click(card, 'access_review_keep_all');
    await stage.eve.readsIn('C0ACCESS', 'with your name');
    await says(card, 'All answered');
    const answered = stage.events().filter(({ type }) => type === 'access_review.answered');
    expect(answered.map(({ payload }) => Object(payload).verdict)).toEqual([
      'remove',
      ...Array(answered.length - 1).fill('keep'),
    ]);
    expect(stage.text(card, 'U0EVE')).toContain('Removed by @Eve Lindqvist');
    expect(JSON.stringify(card.blocks)).not.toContain('access_review_keep_all');
  });

  test('somebody who is no owner or administrator changes nothing, and is told why', async () => {
    const card = await started();
    await stage.ben.click(card, 'access_review_keep');
    await stage.ben.readsIn('C0ACCESS', 'Only the owners of this resource can answer');
    await stage.ben.jit('access-review');
    await stage.ben.told('Only administrators can do this');
    expect(stage.events().some(({ type }) => type === 'access_review.answered')).toBe(false);
    // A button whose value was tampered with points at nothing.
    const [block] = card.blocks.filter(({ type }) => type === 'actions');
    await stage.sandbox.slack.people.act('U0EVE', { message: card }, block?.block_id ?? '', {
      type: 'button',
      action_id: 'access_review_keep',
      value: '{"review":"A1","item":999}',
    });
    await stage.eve.readsIn('C0ACCESS', 'There is no such access review');
    expect(stage.events().some(({ type }) => type === 'access_review.answered')).toBe(false);
  });

  test('owners are reminded half-way, and the close says what nobody answered', async () => {
    const card = await started();
    await stage.eve.click(card, 'access_review_keep');
    await says(card, 'Kept by');
    stage.clock.jump(7 * DAY + MINUTE);
    await inChannel('rules of the access review still need an answer');
    stage.clock.jump(7 * DAY);
    await inChannel('The access review is closed: 1 rule kept, 0 removed');
    await says(card, 'never answered');
    expect(JSON.stringify(card.blocks)).not.toContain('access_review_keep');
    await stage.eve.jit('access-review');
    await stage.eve.sees('How long do they have?');
  });
});

describe('jitbot audit-bundle', () => {
  const file = (name: string) => join(stage.sandbox.directory, name);
  const database = () => stage.sandbox.env.JIT_DATABASE ?? '';
  const python = (folder: string, key: string) =>
    promisify(execFile)('python3', [join(folder, 'verify.py'), key]).then(
      ({ stdout }) => stdout,
      (error: { stderr: string; stdout: string }) => error.stderr || error.stdout,
    );
  function unpack(archive: string): string {
    const folder = file('unpacked');
    for (const [name, bytes] of Object.entries(unzipSync(readFileSync(archive)))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    return folder;
  }

  test('is a zip that an auditor checks with Python and openssl, finding any change', async () => {
    const keys = generateKeyPairSync('ed25519');
    writeFileSync(file('key.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(file('public.pem'), keys.publicKey.export({ type: 'spki', format: 'pem' }));
    await stage.restart({ env: { JIT_CHECKPOINT_KEY: file('key.pem'), JIT_CHECKPOINTS: file('checkpoints.jsonl') } });
    await stage.ana.jit('request payments read 30m stuck payments — “again” 💥');
    await stage.ana.readsDirect('You have Payments database (read)');
    const card = await started();
    await remove(card, 'Not any more');
    await says(card, 'Not any more');
    stage.clock.jump(11 * MINUTE);
    await stage.recorded('ledger.anchored');
    const order = ['audit-bundle', database(), '--from', '2020-01-01', '--to', '2100-01-01', '--key', file('key.pem')];
    const made = await jit([...order, '--checkpoints', file('checkpoints.jsonl'), '--out', file('bundle.zip')]);
    expect(made).toMatchObject({ code: 0, err: expect.stringContaining('1 policy, 1 access review') });

    const folder = unpack(file('bundle.zip'));
    expect(await python(folder, file('public.pem'))).toMatch(
      /^whole: \d+ events \(1 to \d+\), 1 policies, [1-9]\d* signed positions agree/,
    );
    const policy = readFileSync(stage.sandbox.env.JIT_POLICY ?? '', 'utf8');
    const { policies } = {
      policies: Object.keys(unzipSync(readFileSync(file('bundle.zip')))).filter((name) => name.startsWith('policies/')),
    };
    expect(readFileSync(join(folder, policies[0] ?? ''), 'utf8')).toBe(policy);
    expect(readFileSync(join(folder, 'reviews.json'), 'utf8')).toContain('Not any more');
    const stranger = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(file('stranger.pem'), stranger);
    expect(await python(folder, file('stranger.pem'))).toContain('MANIFEST is not signed with this key');
    for (const name of ['events.jsonl', 'about.json', 'reviews.json', 'checkpoints.jsonl', policies[0] ?? '']) {
      const before = readFileSync(join(folder, name), 'utf8');
      writeFileSync(join(folder, name), before.replace(/[a-z](?=[^a-z]*$)/, 'X'));
      expect(await python(folder, file('public.pem')), name).toContain(`${name} was changed`);
      writeFileSync(join(folder, name), before);
    }
  });

  test('is refused with a reason if something is wrong', async () => {
    writeFileSync(file('bad.pem'), 'nonsense');
    const order = ['audit-bundle', database(), '--from', '2020-01-01', '--to', '2100-01-01', '--out', file('b.zip')];
    expect(await jit(order)).toMatchObject({
      code: 2,
      err: expect.stringContaining('needs --from, --to, --key and --out'),
    });
    expect(await jit([...order, '--key', file('bad.pem')])).toMatchObject({
      code: 2,
      err: expect.stringContaining('openssl genpkey -algorithm ed25519'),
    });
  });
});
