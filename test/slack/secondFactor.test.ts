import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import type { Person } from '../../src/sandbox/person.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

/** An authenticator app. */
const appWith = (secret: string) => {
  const totp = new TOTP({ secret: Secret.fromBase32(secret.replace(/\s/g, '')) });
  return () => totp.generate({ timestamp: stage.clock.now() });
};
const enrol = async (who: Person) => {
  const before = stage.sandbox.slack.workspace.newTs();
  await who.jit('second-factor');
  await who.told('I sent you a private message', before);
  await who.click(await who.readsDirect('One-time codes', before), 'factor_enrol');
  const form = await who.sees('add an account by hand');
  const secret = /"text":"((?:[A-Z2-7]{4} )+[A-Z2-7]{1,4})"/.exec(JSON.stringify(form.view))?.[1] ?? '';
  const code = appWith(secret);
  await stage.sandbox.slack.people.enter(who.id, form, 'code', code());
  await stage.sandbox.slack.people.submit(who.id, form);
  await who.readsDirect('One-time codes are on for you', before);
  stage.sandbox.slack.people.close(form);
  stage.clock.jump(31 * SECOND);
  return { code, secret };
};
const form = (who: Person) =>
  who.fillRequest({ search: 'flags delete', role: 'feature-flags/delete', reason: 'Old flags' });
const send = async (who: Person, open: Awaited<ReturnType<typeof form>>, code: string) => {
  await stage.sandbox.slack.people.enter(who.id, open, 'code', code);
  await stage.sandbox.slack.people.submit(who.id, open);
};

test('a role can demand a code of whoever asks and of whoever approves', async () => {
  const [ben, chloe, eve] = [await enrol(stage.ben), await enrol(stage.chloe), await enrol(stage.eve)];
  const open = await form(stage.ben);
  await send(stage.ben, open, ben.code());
  const prompt = await stage.chloe.readsIn('C0ACCESS', 'Approve');
  for (const [who, app] of [
    [stage.chloe, chloe],
    [stage.eve, eve],
  ] as const) {
    await who.click(prompt, 'review_approve');
    const ask = await who.sees('One-time code');
    expect(stage.events().filter(({ type }) => type === 'request.approved')).toHaveLength(0);
    await stage.sandbox.slack.people.enter(who.id, ask, 'code', app.code());
    await stage.sandbox.slack.people.submit(who.id, ask);
    expect(ask.errors).toEqual({});
  }
  await stage.ben.readsDirect('You have Feature flags (delete)');
});

test('a code works once, and after five wrong ones nobody may guess for a while', async () => {
  const { code } = await enrol(stage.ben);
  const open = await form(stage.ben);
  const used = code();
  await send(stage.ben, open, '000000');
  expect(open.errors.code).toContain('not right. 4 more tries');
  await send(stage.ben, open, used);
  await stage.ben.readsDirect('waiting for');
  await stage.ben.jit('cancel');
  await stage.recorded('request.cancelled');
  const again = await form(stage.ben);
  await send(stage.ben, again, used);
  expect(again.errors.code).toContain('used already');
  for (let guess = 0; guess < 4; guess += 1) await send(stage.ben, again, '000000');
  expect(again.errors.code).toContain('Too many wrong codes');
  await stage.ben.readsDirect('Too many wrong one-time codes were entered in your name');
  stage.clock.jump(MINUTE);
  await send(stage.ben, again, code());
  expect(again.errors.code).toContain('Too many wrong codes');
  stage.clock.jump(15 * MINUTE);
  await send(stage.ben, again, code());
  await stage.recorded('request.submitted', 2);
});

test('without codes set up, the form says what to do, and the line opens the form', async () => {
  await stage.ben.jit('request flags delete 30m old flags');
  const open = await stage.ben.sees('One-time code');
  await send(stage.ben, open, '123456');
  expect(open.errors.code).toContain('/jit second-factor');
  expect(stage.events().some(({ type }) => type === 'request.submitted')).toBe(false);
});

test('codes are set up over the form, which keeps what was typed', async () => {
  const { people, workspace } = stage.sandbox.slack;
  const open = await form(stage.ben);
  expect(stage.viewText(open, 'U0BEN')).toContain('have not set up codes yet');
  await people.clickIn('U0BEN', open, 'factor_enrol');
  const setUp = await stage.ben.sees('add an account by hand');
  expect(setUp.previousId).toBe(open.id);
  const app = appWith(/"text":"((?:[A-Z2-7]{4} )+[A-Z2-7]{1,4})"/.exec(JSON.stringify(setUp.view))?.[1] ?? '');
  await people.enter('U0BEN', setUp, 'code', app());
  await people.submit('U0BEN', setUp);
  people.close(await stage.ben.sees('wait for the next code'));
  expect(JSON.stringify(workspace.views.get(open.id)?.values)).toContain('Old flags');
  stage.clock.jump(31 * SECOND);
  await send(stage.ben, open, app());
  await stage.ben.readsDirect('waiting for');
});

test('somebody who has codes is not offered to set them up', async () => {
  await enrol(stage.ben);
  expect(stage.viewText(await form(stage.ben), 'U0BEN')).not.toContain('have not set up codes yet');
});

test('the secret is shown once, and stands encrypted in the database and nowhere else', async () => {
  const { secret } = await enrol(stage.ben);
  const plain = secret.replace(/\s/g, '');
  const everywhere = JSON.stringify([stage.sandbox.slack.workspace.messages, stage.log.lines, stage.events()]);
  expect(everywhere).not.toContain(plain);
  expect(everywhere).not.toContain(secret);
  await stage.ben.jit('second-factor');
  await stage.ben.told('already set up one-time codes');
});

test('an administrator resets the codes of a lost phone, and others cannot', async () => {
  await enrol(stage.ben);
  const people = stage.sandbox.slack.people;
  const reset = async (who: Person) => {
    await who.jit('admin');
    const panel = await who.sees('Active: ');
    await people.enter(who.id, panel, 'admin_reset', 'U0BEN');
    return panel;
  };
  await stage.ben.jit('admin');
  await stage.ben.sees('Only administrators can do this');
  await reset(stage.eve);
  await stage.eve.sees('are reset');
  const event = await stage.recorded('second_factor.reset');
  expect(event.actor).toMatchObject({ id: 'U0EVE' });
  await stage.ben.jit('second-factor');
  await stage.ben.told('I sent you a private message');
});

/** Eve has a second account, and the policy says that both are hers. */
const withTwoOfEve = async () => {
  const { workspace } = stage.sandbox.slack;
  const eve = workspace.users.get('U0EVE');
  if (eve) workspace.users.set('U0EVE2', { ...eve, id: 'U0EVE2', name: 'eve2', email: 'eve.admin@harbor.example' });
  workspace.groups.get('S0SECURITY')?.members.push('U0EVE2', 'U0DEV');
  await stage.restart({
    policy: (source) => source.replace('slack:\n', 'slack:\n  same_person: [[U0EVE, U0EVE2]]\n'),
  });
  return stage.person('U0EVE2');
};
const resetBy = async (who: Person, whose: string) => {
  await who.jit('admin');
  const panel = await who.sees('Active: ');
  await stage.sandbox.slack.people.enter(who.id, panel, 'admin_reset', whose);
  stage.sandbox.slack.people.close(panel);
};

test('K11.6 a person is told on all accounts by whom their codes were reset', async () => {
  const second = await withTwoOfEve();
  await enrol(stage.ben);
  await resetBy(stage.eve, 'U0BEN');
  const told = await stage.ben.readsDirect('Your one-time codes were reset');
  expect(stage.text(told, 'U0BEN')).toContain('@Eve Lindqvist');
  expect(stage.text(told, 'U0BEN')).toContain('If you did not ask for this');
  await enrol(stage.eve);
  await resetBy(stage.dev, 'U0EVE');
  await stage.eve.readsDirect('Your one-time codes were reset');
  await second.readsDirect('one-time codes of your account <@U0EVE>');
});

test('K11.7 nobody resets their own codes, nor those of another account of theirs', async () => {
  const second = await withTwoOfEve();
  await enrol(stage.eve);
  await resetBy(stage.eve, 'U0EVE');
  await resetBy(second, 'U0EVE');
  await resetBy(stage.dev, 'U0BEN');
  await stage.eve.jit('second-factor');
  await stage.eve.told('already set up one-time codes');
  expect(stage.events().filter(({ type }) => type === 'second_factor.reset')).toEqual([]);
});

/** Guesses until there is a pause. @returns how long it is */
const guessUntilPaused = async (open: Awaited<ReturnType<typeof form>>, who: Person, count: number) => {
  for (let guess = 0; guess < 5; guess += 1) await send(who, open, '000000');
  const locked = await stage.recorded('second_factor.locked', count);
  return Math.round((locked.payload.until - locked.at) / MINUTE) * MINUTE;
};

test('K11.8 the pause after wrong codes grows per human, over restarts and resets', async () => {
  const second = await withTwoOfEve();
  await enrol(stage.eve);
  await enrol(second);
  const open = await form(stage.eve);
  const first = await guessUntilPaused(open, stage.eve, 1);
  // The pause is the human's: another account of theirs does not get more guesses.
  const other = await form(second);
  await send(second, other, '000000');
  expect(other.errors.code).toContain('Too many wrong codes');
  stage.clock.jump(first);
  const again = await guessUntilPaused(other, second, 2);
  expect(again).toBe(2 * first);
  stage.clock.jump(again);
  // Neither a reset of the codes nor a restart makes it short again.
  await resetBy(stage.dev, 'U0EVE');
  await stage.recorded('second_factor.reset');
  await stage.restart({
    policy: (source) => source.replace('slack:\n', 'slack:\n  same_person: [[U0EVE, U0EVE2]]\n'),
  });
  await enrol(stage.eve);
  const third = await guessUntilPaused(await form(stage.eve), stage.eve, 3);
  expect(third).toBe(4 * first);
});

test('K11.8 the pause is at most a day, and short again after a quiet day', async () => {
  await enrol(stage.ben);
  const open = await form(stage.ben);
  const pauses: number[] = [];
  for (let round = 1; round <= 9; round += 1) {
    pauses.push(await guessUntilPaused(open, stage.ben, round));
    stage.clock.jump(pauses.at(-1) ?? 0);
  }
  expect(pauses.slice(0, 3)).toEqual([15 * MINUTE, 30 * MINUTE, 60 * MINUTE]);
  expect(Math.max(...pauses)).toBe(24 * 60 * MINUTE);
  stage.clock.jump(25 * 60 * MINUTE);
  expect(await guessUntilPaused(open, stage.ben, 10)).toBe(15 * MINUTE);
});

test('a key that is another one does not open a secret, and says what to do', () => {
  const { sealed } = createCodeBox(Buffer.alloc(32, 1)).create('ben@x');
  expect(() => createCodeBox(Buffer.alloc(32, 2)).stepOf(sealed, '123456', 0)).toThrow('JIT_SECRET_KEY');
});

test('a policy that demands codes does not start without a key for their secrets', async () => {
  await expect(stage.restart({ env: { JIT_SECRET_KEY: '' } })).rejects.toThrow(/JIT_SECRET_KEY: missing.*openssl rand/);
});

test('a policy that pages people does not start without somebody to page as', async () => {
  await expect(stage.restart({ env: { PAGERDUTY_FROM: '' } })).rejects.toThrow(/PAGERDUTY_FROM: missing/);
});

const puts = async (policy: (source: string) => string) => {
  stage.savePolicy(policy);
  await stage.reload();
};
const withCodesFor = (what: string) => (source: string) =>
  source.replace('second_factor: [request, review]', `second_factor: [${what}]`);

test('a role that wants codes of reviewers alone asks those, also on Home', async () => {
  await puts(withCodesFor('review'));
  await stage.ben.jit('request flags delete 30m old flags');
  const prompt = await stage.chloe.readsIn('C0ACCESS', 'Approve');
  expect(stage.viewText(await stage.chloe.home('Request access'), 'U0CHLOE')).toContain('not set up codes yet');
  await stage.chloe.click(prompt, 'review_approve');
  await stage.chloe.sees('One-time code');
});

test('a role that wants codes of whoever asks lets reviewers approve without', async () => {
  await puts(withCodesFor('request'));
  const ben = await enrol(stage.ben);
  await send(stage.ben, await form(stage.ben), ben.code());
  await stage.chloe.click(await stage.chloe.readsIn('C0ACCESS', 'Approve'), 'review_approve');
  await stage.recorded('review.recorded');
});

test('more time for what was asked for with a code takes another code', async () => {
  const { people } = stage.sandbox.slack;
  const wantsCodes = (source: string) =>
    source.replace('        risk: low\n', '        risk: low\n        second_factor: [request]\n');
  await puts(wantsCodes);
  const ana = await enrol(stage.ana);
  const open = await stage.ana.fillRequest({ search: 'payments', role: 'payments-db/read', reason: 'stuck' });
  await send(stage.ana, open, ana.code());
  await stage.ana.click(await stage.ana.readsDirect('You have Payments database (read)'), 'grant_extend');
  const more = await stage.ana.sees('How much longer');
  await people.enter('U0ANA', more, 'extend_reason', 'still stuck');
  await send(stage.ana, more, '000000');
  expect(more.errors.code).toContain('code');
  stage.clock.jump(31 * SECOND);
  await send(stage.ana, more, ana.code());
  await stage.recorded('grant.extended');
});
