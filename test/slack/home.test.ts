import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;

describe('Home', () => {
  test('shows what can be asked for, and whether automatic, with its button', async () => {
    const home = await stage.ana.home('You could ask for');
    expect(stage.viewText(home, 'U0ANA')).toContain('✅ Payments database (read): automatic');
    expect(stage.viewText(home, 'U0ANA')).toContain('Nothing right now.');
    await people().clickIn('U0ANA', home, 'request_open', 'payments-db/read');
    const form = await stage.ana.sees('Automatic');
    await people().enter('U0ANA', form, 'request_reason', 'Stuck payments');
    await stage.ana.submit(form);
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.until('what is held is on the Home, with the time left', () =>
      /until .*\(\d+ min left\)|until .*\(1 h left\)/.test(stage.viewText(home, 'U0ANA')),
    );
  });

  test('what is held can be given back there', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    const home = await stage.ana.home('jit_ana');
    await people().clickIn('U0ANA', home, 'grant_end');
    await stage.ana.readsDirect('has ended');
    await stage.until('the Home says so', () => stage.viewText(home, 'U0ANA').includes('Nothing right now.'));
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('lists what waits for a reviewer, with all facts, to be decided there', async () => {
    await stage.ben.jit('request orders read 30m *numbers* <!here>');
    await stage.ben.readsDirect('waiting for');
    const home = await stage.chloe.home('@U0BEN> asks for Orders database (read)');
    expect(stage.viewText(home, 'U0CHLOE')).toContain('│ *numbers* <!here>');
    await people().clickIn('U0CHLOE', home, 'review_approve');
    await stage.ben.readsDirect('You have Orders database (read)');
    await stage.until('it waits no longer', () => stage.viewText(home, 'U0CHLOE').includes('Nothing to review'));
    const bens = await stage.ben.home('Your requests');
    expect(stage.viewText(bens, 'U0BEN')).toContain('Nothing to review');
  });

  test.each([
    ['subteam_members_changed', { subteam_id: 'S0PAYLEADS' }],
    ['subteam_updated', { subteam: { id: 'S0PAYLEADS' } }],
  ])('whoever left a group reviews nothing there, as soon as Slack tells %s', async (type, about) => {
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
    await stage.chloe.home('asks for Orders database (read)');
    const { link, workspace } = stage.sandbox.slack;
    const group = workspace.groups.get('S0PAYLEADS');
    if (group) group.members = group.members.filter((id) => id !== 'U0CHLOE');
    await link.deliver('events_api', { type: 'event_callback', team_id: workspace.team.id, event: { type, ...about } });
    await stage.chloe.home('Nothing to review');
  });

  test('what was asked for can be cancelled there, and a refusal is a word on the Home', async () => {
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
    const home = await stage.ben.home('Waiting for approval');
    await people().clickIn('U0BEN', home, 'request_cancel');
    await stage.until('it is cancelled', () => stage.viewText(home, 'U0BEN').includes('Cancelled by the requester'));
  });

  test('whoever may use break-glass begins it there, and others are not offered it', async () => {
    const home = await stage.ben.home('Break-glass…');
    await people().clickIn('U0BEN', home, 'home_break_glass');
    await stage.ben.sees('Only for emergencies');
    const danas = await stage.person('U0CHLOE').home('Request access');
    expect(stage.viewText(danas, 'U0CHLOE')).not.toContain('Break-glass');
  });

  test('codes are set up there, and then it no longer asks for that', async () => {
    const home = await stage.ben.home('You have not set up codes yet');
    await people().clickIn('U0BEN', home, 'factor_enrol');
    const form = await stage.ben.sees('add an account by hand');
    const secret = /"text":"((?:[A-Z2-7]{4} )+[A-Z2-7]{1,4})"/.exec(JSON.stringify(form.view))?.[1] ?? '';
    const totp = new TOTP({ secret: Secret.fromBase32(secret.replace(/\s/g, '')) });
    await people().enter('U0BEN', form, 'code', totp.generate({ timestamp: stage.clock.now() }));
    expect(stage.viewText(home, 'U0BEN')).toContain('not set up codes yet');
    await people().submit('U0BEN', form);
    await stage.until('the Home knows', () => !stage.viewText(home, 'U0BEN').includes('not set up codes yet'));
  });

  test('help is a click away', async () => {
    await people().clickIn('U0BEN', await stage.ben.home('Request access'), 'home_help');
    const help = await stage.ben.sees('opens the request form');
    expect(stage.viewText(help, 'U0BEN')).toContain('/jit break-glass');
  });

  test('guests are told that they cannot take part', async () => {
    await stage.person('U0FARID').home('guests cannot take part');
  });
});

describe('from where the incident is talked about', () => {
  const alert = (text: string) =>
    stage.sandbox.slack.workspace.post({
      channel: 'C0INCIDENTS',
      user: 'U0BEN',
      text,
      blocks: [],
      metadata: null,
      threadTs: null,
      ephemeralTo: null,
    });

  test('a shortcut on a PagerDuty message fills in the incident and its service’s roles', async () => {
    const message = alert(
      'Triggered #4711 <https://example.pagerduty.com/incidents/PINC4711|Checkout latency above 4 s>',
    );
    await people().shortcut('U0DEV', 'request_access_for_message', message);
    const form = await stage.dev.sees('Automatic');
    expect(JSON.stringify(form.values)).toContain('PINC4711');
    expect(JSON.stringify(form.values)).toContain('payments-db/read');
    await people().enter('U0DEV', form, 'request_reason', 'Helping Ana');
    await stage.dev.submit(form);
    await stage.dev.readsDirect('You have Payments database (read)');
    const submitted = await stage.recorded('request.submitted');
    expect(submitted.payload.incidentId).toBe('PINC4711');
  });

  test('on a message that names no incident the form opens all the same, and says so', async () => {
    await people().shortcut('U0ANA', 'request_access_for_message', alert('Checkout is slow, anybody?'));
    await stage.ana.sees('no PagerDuty incident in that message');
  });

  test('the shortcut from anywhere opens the form, even if PagerDuty is slow', async () => {
    await people().shortcut('U0ANA', 'request_access', null);
    people().close(await stage.ana.sees('You are on call'));
    stage.sandbox.pagerDuty.faults.add({ kind: 'slow', delayMs: 6_000 });
    await people().shortcut(
      'U0ANA',
      'request_access_for_message',
      alert('https://example.pagerduty.com/incidents/PINC4711'),
    );
    await stage.ana.sees('What do you need?');
  });
});
