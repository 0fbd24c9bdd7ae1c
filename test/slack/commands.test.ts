import { DateTime } from 'luxon';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

describe('asking in one line', () => {
  test('a complete line is decided immediately, without a form', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.told('Approved.');
    const granted = await stage.ana.readsDirect('You have Payments database (read)');
    expect(stage.sandbox.slack.people.topView('U0ANA')).toBeUndefined();
    const [submitted] = stage.events().filter(({ type }) => type === 'request.submitted');
    expect(submitted?.payload).toMatchObject({
      role: 'payments-db/read',
      duration: 30 * MINUTE,
      reason: 'stuck payments',
    });
    expect(stage.text(granted, 'U0ANA')).toContain('on call at level 1');
  });

  test('an incomplete line opens the form with what was understood', async () => {
    await stage.ana.jit('request payments admin 45m');
    const form = await stage.ana.sees('For how long?');
    await stage.ana.sees('Automatic');
    const values = JSON.stringify(form.values);
    expect(values).toContain('payments-db/admin');
    expect(values).toContain(String(45 * MINUTE));
    await stage.sandbox.slack.people.enter('U0ANA', form, 'request_reason', 'INC-4711 needs a rollback');
    await stage.ana.submit(form);
    await stage.ana.readsDirect('You have Payments database (admin)');
  });

  test('an unknown name is asked about, and the rest is kept', async () => {
    await stage.ben.jit('request warehouse 20m quarterly numbers');
    const form = await stage.ben.sees('I’m not sure what “warehouse” is');
    const people = stage.sandbox.slack.people;
    const [orders] = await people.suggestions('U0BEN', form, 'request_role', 'orders');
    await people.enter('U0BEN', form, 'request_role', orders ?? null);
    await stage.ben.sees('Needs approval');
  });

  test.each([
    ['payments read 99h stuck payments', 'At most 4 h for this role; you asked for 99 h'],
    ['payments read tomorrow 25:00 stuck payments', 'I did not understand “25:00”'],
    ['payments', 'Which role of Payments database? Pick it here.'],
    ['payments read admin 30m rollback', 'I did not understand “30m”'],
  ])('/jit request %s opens the form and says what is unclear', async (typed, word) => {
    await stage.ana.jit(`request ${typed}`);
    await stage.ana.sees(word);
    await stage.stays('nothing is asked for', () => stage.events().every(({ type }) => type !== 'request.submitted'));
  });

  test('a duration over the maximum is named, and the form offers the maximum', async () => {
    await stage.ana.jit('request payments read 99h stuck payments');
    const form = await stage.ana.sees('At most 4 h for this role');
    expect(JSON.stringify(form.values)).toContain(String(4 * 60 * MINUTE));
  });

  test('afternoon times are understood, and a start keeps its duration', async () => {
    await stage.ben.jit('request orders read 30m tomorrow at 1:15 pm numbers');
    const { payload } = await stage.recorded('request.submitted');
    const start = DateTime.fromMillis(payload.startsAt ?? 0, { zone: 'Europe/London' });
    expect(start.toFormat('HH:mm')).toBe('13:15');
    expect(payload.duration).toBe(30 * MINUTE);
  });

  test('a command that Slack delivers twice makes one request', async () => {
    stage.sandbox.slack.link.doubleNext(1);
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    expect(stage.events().filter(({ type }) => type === 'request.submitted')).toHaveLength(1);
  });

  test('what somebody types in a line is text in the answer and on the card', async () => {
    await stage.ben.jit('request orders read 30m <!channel> *approve* <https://evil.example|here>');
    await stage.ben.told('approval from');
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Orders database (read)');
    const quote = card.blocks.find(({ type }) => type === 'rich_text');
    expect(JSON.stringify(quote)).toContain('<!channel> *approve*');
    expect(JSON.stringify(card.blocks.filter(({ type }) => type !== 'rich_text'))).not.toContain('channel>');
  });
});

describe('one’s own access', () => {
  test('/jit list shows access and requests, with buttons that work there', async () => {
    await stage.ana.jit('list');
    await stage.ana.told('You have no access and no waiting requests');
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.ana.jit('request feature-flags delete 30m');
    await stage.ana.jit('list');
    const list = await stage.ana.told('Payments database (read)');
    expect(stage.text(list, 'U0ANA')).toMatch(/until .* as jit_ana_/);
    await stage.ana.click(list, 'grant_end');
    await stage.ana.told('Ending this access now');
    await stage.ana.readsDirect('it was ended early');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test.each([
    ['ls', 'You have no access and no waiting requests'],
    ['mine', 'You have no access and no waiting requests'],
    ['more', 'You have no access to extend'],
    ['end', 'You have no access.'],
    ['whoami', 'What you can ask for now'],
  ])('/jit %s does what the command of the help does', async (word, answer) => {
    await stage.ana.jit(word);
    await stage.ana.told(answer);
  });

  test('/jit revoke ends the only one, asks which of several, or says there is none', async () => {
    await stage.ana.jit('done');
    await stage.ana.told('You have no access.');
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.ana.jit('request orders read 30m stuck orders');
    await stage.ana.readsDirect('You have Orders database (read)');
    await stage.ana.jit('revoke');
    const which = await stage.ana.told('Which one?');
    expect(stage.text(which, 'U0ANA')).toContain('Orders database (read)');
    await stage.ana.jit('revoke orders');
    await stage.ana.told('Ending your access to *Orders database (read)* now');
    await stage.ana.jit('revoke search');
    await stage.ana.told('that starts with “search”');
    await stage.ana.readsDirect('Orders database (read) has ended');
  });

  test('/jit cancel takes back a waiting request', async () => {
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
    await stage.ben.jit('cancel');
    await stage.ben.told('Cancelled. Nothing was granted.');
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Orders database (read)');
    await stage.until('the card says so', () => stage.text(card, 'U0CHLOE').includes('Cancelled by the requester'));
    await stage.ben.jit('cancel');
    await stage.ben.told('You have no waiting request');
  });
});

describe('which one', () => {
  test('/jit cancel asks which of several, and takes back the one whose id is typed', async () => {
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.jit('request payments read 30m numbers');
    const { requestId } = await stage.recorded('request.submitted', 2);
    await stage.ben.jit('cancel');
    await stage.ben.told('Which one?');
    await stage.ben.jit(`cancel ${requestId?.toLowerCase()}`);
    await stage.ben.told('Cancelled. Nothing was granted.');
    expect((await stage.recorded('request.cancelled')).requestId).toBe(requestId);
  });
});

describe('what the bot knows', () => {
  test('/jit oncall says what PagerDuty says, and what one could get now', async () => {
    await stage.ana.jit('oncall');
    const answer = stage.text(await stage.ana.told('What you can ask for now'), 'U0ANA');
    expect(answer).toMatch(/level 1 for Payments \(Payments primary\), until/);
    expect(answer).toMatch(/✅ Payments database \(read\): automatic/);
    expect(answer).toMatch(/✅ Payments database \(admin\): automatic/);
    await stage.ben.jit('oncall');
    const bens = stage.text(await stage.ben.told('What you can ask for now'), 'U0BEN');
    expect(bens).toContain('You are not on call in PagerDuty');
    expect(bens).not.toContain('✅');
  });

  test('/jit why names the deciding rule and what would pass, to those concerned', async () => {
    await stage.ben.jit('request flags edit 30m trying');
    await stage.ben.told('Denied');
    await stage.ben.jit('why');
    const answer = stage.text(await stage.ben.told('No rule allowed it'), 'U0BEN');
    expect(answer).toMatch(/1\. Automatic: ❌ does not apply\. Not on call in PagerDuty\./);
    expect(answer).toContain('It would have been automatic if rule 1 had applied');
    const [denied] = stage.events().filter(({ type }) => type === 'request.denied');
    await stage.ana.jit(`why ${denied?.requestId}`);
    await stage.ana.told('Only the requester, the reviewers');
    await stage.eve.jit(`why ${denied?.requestId?.toLowerCase()}`);
    await stage.eve.told('No rule allowed it');
    await stage.eve.jit('why R0000');
    await stage.eve.told('There is no request');
  });

  test('/jit why answers a reviewer of the role, who is no administrator', async () => {
    await stage.ben.jit('request orders read 30m numbers');
    const { requestId } = await stage.recorded('request.submitted');
    await stage.chloe.jit(`why ${requestId}`);
    await stage.chloe.told('Orders database (read)');
  });

  test('help lists every command, and a typo gets the nearest one', async () => {
    await stage.ana.jit('help');
    const help = (await stage.ana.told('Access for as long as you need it')).text;
    for (const word of [
      'request',
      'list',
      'extend',
      'revoke',
      'cancel',
      'oncall',
      'why',
      'break-glass',
      'away',
      'second-factor',
      'admin',
    ])
      expect(help).toContain(`/jit ${word}`);
    await stage.ana.jit('revok payments');
    await stage.ana.told('Did you mean `/jit revoke`?');
    await stage.ana.jit('<!channel>');
    expect((await stage.ana.told('I don’t know')).text).not.toContain('<!channel>');
  });

  test('with PagerDuty down a command is answered all the same', async () => {
    stage.sandbox.pagerDuty.faults.add({ kind: 'html' });
    await stage.ana.jit('oncall');
    expect(stage.text(await stage.ana.told('On call'), 'U0ANA')).toContain('⚠️ PagerDuty answered with');
  });
});
