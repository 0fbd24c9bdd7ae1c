import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const account = () => stage.sandbox.pagerDuty.account;
const takeOver = (who: string) => {
  for (const schedule of account().schedules)
    schedule.overrides.push({ user: who, start: stage.clock.now(), end: stage.clock.now() + 48 * HOUR });
};
const holdForIncident = async () => {
  await stage.ana.submit(
    await stage.ana.fillRequest({
      search: 'pay admin',
      role: 'payments-db/admin',
      reason: 'INC-4711 needs a rollback',
      minutes: 60,
    }),
  );
  return stage.ana.readsDirect('You have Payments database (admin)');
};

describe('access that was given for a shift', () => {
  test('ends with the shift plus grace, where that is before its time', async () => {
    // Ten hours of Ana's shift are left; she asks for four, with half an hour of shift to go.
    stage.clock.jump(9.5 * HOUR);
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    const activated = await stage.recorded('grant.activated');
    const [schedule] = account().schedules;
    const shiftEnd = (schedule?.rotationStart ?? 0) + 12 * HOUR;
    expect(activated.payload.endsAt).toBe(shiftEnd + 15 * MINUTE);
    stage.clock.jump(46 * MINUTE);
    const ended = await stage.ana.readsDirect('has ended');
    expect(stage.text(ended, 'U0ANA')).toContain('the on-call shift it was given for is over');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('an early handover ends it: the holder is warned, and the next offered the same', async () => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    takeOver('PDEV');
    stage.clock.jump(5 * MINUTE + 1_000);
    const warned = await stage.ana.readsDirect('the on-call shift it was given for is over');
    expect(stage.text(warned, 'U0ANA')).toContain('[ Extend… ] [ I’m done ]');
    const offered = await stage.dev.readsDirect('You are on call for Payments now');
    expect(stage.text(offered, 'U0DEV')).toContain('Ana Kovač had Payments database (read) in the shift before');
    // An offer is only an offer: taking it up is a request, decided like any other.
    await stage.dev.click(offered, 'request_open');
    const form = await stage.dev.sees('Automatic');
    await stage.sandbox.slack.people.enter('U0DEV', form, 'request_reason', 'Taking over from Ana');
    await stage.dev.submit(form);
    await stage.dev.readsDirect('You have Payments database (read)');
    stage.clock.jump(16 * MINUTE);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toHaveLength(1);
  });

  test('a PagerDuty outage neither ends it early nor lets it outlive its plan', async () => {
    stage.clock.jump(9.5 * HOUR);
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500' });
    stage.clock.jump(20 * MINUTE);
    expect(await stage.madeRoles()).toHaveLength(1);
    stage.clock.jump(30 * MINUTE);
    await stage.ana.readsDirect('has ended');
  });
});

describe('access that was given for an incident', () => {
  test('ends when it is resolved plus grace, as soon as PagerDuty says so', async () => {
    await holdForIncident();
    await stage.sandbox.pagerDuty.setStatus('PINC4711', 'resolved');
    const warned = await stage.ana.readsDirect('the incident it was given for is resolved');
    expect(stage.text(warned, 'U0ANA')).toContain('ends');
    const shortened = await stage.recorded('grant.shortened');
    expect(shortened.payload.endsAt - shortened.at).toBeLessThanOrEqual(30 * MINUTE);
    stage.clock.jump(30 * MINUTE + 1_000);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('all that was given for it ends as soon as PagerDuty says so', async () => {
    const forIncident = (source: string) =>
      source
        .replace('duration: { default: 1h, max: 8h }', '$&\n        ends: { with_incident: 30m }')
        .replace('on_call: { services: [PCHECKOUT] }', '$&\n              incident: { services: [PCHECKOUT] }');
    await stage.restart({ policy: forIncident });
    await holdForIncident();
    await stage.ana.jit('request orders read 2h stuck orders');
    await stage.ana.readsDirect('You have Orders database (read)');
    await stage.sandbox.pagerDuty.setStatus('PINC4711', 'resolved');
    await stage.recorded('grant.shortened', 2);
  });

  test('without webhooks it is found out by asking', async () => {
    stage.sandbox.pagerDuty.subscribe(null);
    await holdForIncident();
    await stage.sandbox.pagerDuty.setStatus('PINC4711', 'resolved');
    stage.clock.jump(5 * MINUTE + 1_000);
    await stage.ana.readsDirect('the incident it was given for is resolved');
  });

  test('its notes say who had access, and that it is gone, once each', async () => {
    stage.sandbox.pagerDuty.faults.add({ kind: 'lost_answer', match: 'POST /incidents/PINC4711/notes', times: 1 });
    const granted = await holdForIncident();
    const notes = () =>
      account()
        .incidents.find(({ id }) => id === 'PINC4711')
        ?.notes.map(({ content }) => content) ?? [];
    await stage.logged('a job failed', 1);
    stage.clock.jump(5_000);
    await stage.ana.click(granted, 'grant_end');
    await expect.poll(notes).toHaveLength(2);
    expect(notes()[0]).toMatch(/^Ana Kovač has access to payments-db\/admin until 20.*\(jitbot event \d+, request R/);
    expect(notes()[1]).toMatch(/^Ana Kovač no longer has access to payments-db\/admin\./);
  });

  test('K5.10 somebody else’s note with the bot’s mark stops none of the bot’s notes', async () => {
    await holdForIncident();
    const incident = account().incidents.find(({ id }) => id === 'PINC4711');
    await expect.poll(() => incident?.notes.length).toBe(1);
    // The next two hundred marks, by somebody who can write notes as themselves.
    const { requestId } = await stage.recorded('grant.activated');
    for (let seq = 1; seq < 200; seq += 1)
      incident?.notes.push({
        id: `PFORGED${seq}`,
        content: `nothing to see (jitbot event ${seq}, request ${requestId})`,
        user: 'PBEN',
        createdAt: stage.clock.now(),
      });
    await stage.ana.jit('revoke');
    await stage.recorded('grant.ended');
    await expect
      .poll(() => incident?.notes.filter(({ user }) => user === 'PEVE').map(({ content }) => content))
      .toEqual([expect.stringContaining('has access'), expect.stringContaining('no longer has access')]);
  });

  test('a webhook is believed only when it is signed, and even then PagerDuty is asked', async () => {
    await holdForIncident();
    const url = `http://127.0.0.1:${stage.sandbox.env.PORT}/pagerduty/events`;
    const body = JSON.stringify({
      event: { event_type: 'incident.resolved', data: { id: 'PINC4711', type: 'incident', status: 'resolved' } },
    });
    const send = (headers: Record<string, string>, text = body) => fetch(url, { method: 'POST', body: text, headers });
    const signature = `v1=${createHmac('sha256', stage.sandbox.env.PAGERDUTY_WEBHOOK_SECRET ?? '')
      .update(body)
      .digest('hex')}`;
    expect((await send({})).status).toBe(401);
    expect((await send({ 'x-pagerduty-signature': 'v1=00' })).status).toBe(401);
    expect((await send({ 'x-pagerduty-signature': signature }, body.replace('4711', '4712'))).status).toBe(401);
    expect((await send({ 'x-pagerduty-signature': `v1=00,${signature}` })).status).toBe(202);
    expect((await fetch(url)).status).toBe(405);
    expect((await send({ 'x-pagerduty-signature': 'v1=00' }, 'x'.repeat(1_100_000))).status).toBe(413);
    // The incident is still open, whatever the delivery said.
    stage.clock.jump(31 * MINUTE);
    expect(await stage.madeRoles()).toHaveLength(1);
    expect(stage.events().some(({ type }) => type === 'grant.shortened')).toBe(false);
  });
});

describe('people who leave', () => {
  test('deactivated at Slack, they lose what they hold at once', async () => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.sandbox.slack.people.deactivate('U0ANA');
    const ended = await stage.recorded('grant.ended');
    expect(ended.payload.why).toBe('person_left');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('also if Slack’s event was missed, and if PagerDuty no longer knows them', async () => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await stage.ana.jit('request orders read 2h stuck orders');
    await stage.ana.readsDirect('You have Orders database (read)');
    const users = account().users as { id: string }[];
    users.splice(
      users.findIndex(({ id }) => id === 'PANA'),
      1,
    );
    stage.clock.jump(17 * MINUTE);
    await stage.recorded('grant.ended', 2);
    expect(await stage.madeRoles()).toEqual([]);
  });

  const ANA_AT_SLACK = {
    id: 'U0ANA',
    team_id: 'T0HARBOR',
    deleted: false,
    is_bot: false,
    is_restricted: false,
    is_ultra_restricted: false,
  };
  test.each<[string, object]>([
    [
      'deactivated, where Slack says null of all else',
      { deleted: true, tz: null, real_name: null, profile: { email: null } },
    ],
    ['moved to another workspace of the organization', { team_id: 'T0OTHER', enterprise_user: { teams: ['T0OTHER'] } }],
    ['made a guest, where Slack says null of the time zone', { is_restricted: true, tz: null }],
  ])('K9.3 %s, they lose what they hold', async (_name, change) => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.slack.faults.add({
      kind: 'says',
      match: 'users.info',
      says: { ok: true, user: { ...ANA_AT_SLACK, ...change } },
    });
    stage.clock.jump(17 * MINUTE);
    const ended = await stage.recorded('grant.ended');
    expect(ended.payload.why).toBe('person_left');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('K9.3 a malformed event of Slack’s is logged, and Slack is asked again', async () => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.slack.faults.add({
      kind: 'says',
      match: 'users.info',
      says: { ok: true, user: { ...ANA_AT_SLACK, id: 'U0BEN', deleted: true } },
    });
    await stage.sandbox.slack.people.deactivate('U0ANA');
    await stage.logged('cannot tell whether somebody has left', 1);
    expect(await stage.madeRoles()).toHaveLength(1);
    stage.sandbox.slack.faults.clear();
    stage.clock.jump(MINUTE + 1_000);
    await stage.recorded('grant.ended');
  });

  test('a Slack or PagerDuty that does not answer takes nothing from anybody', async () => {
    await stage.ana.jit('request payments read 4h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'users.info' });
    stage.sandbox.pagerDuty.faults.add({ kind: 'html' });
    stage.clock.jump(17 * MINUTE);
    await stage.logged('cannot tell whether somebody has left', 1);
    expect(await stage.madeRoles()).toHaveLength(1);
  });
});

describe('what a holder left behind', () => {
  const sql = (...statements: string[]) => query(stage.sandbox.postgres.url('payments'), statements);
  const make = async () => {
    const [role] = await stage.madeRoles();
    await sql(
      'CREATE FUNCTION helper(q text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT current_user::text$$',
      `ALTER FUNCTION helper OWNER TO ${role}`,
      'CREATE TABLE hotfix (n int)',
      `ALTER TABLE hotfix OWNER TO ${role}`,
    );
  };

  test('K1.1 event, audit line and message to the requester name it, and what was done', async () => {
    await holdForIncident();
    await make();
    stage.clock.jump(61 * MINUTE);
    const done = 'runs with the rights of its caller now; nobody else may use it; belongs to jitbot_leftovers';
    const ended = await stage.recorded('grant.ended');
    expect(ended.payload.left).toEqual([
      { what: 'function public.helper(text)', done },
      { what: 'table public.hotfix', done: 'belongs to jitbot_leftovers' },
    ]);
    const message = stage.text(await stage.ana.readsDirect('has ended'), 'U0ANA');
    expect(message).toContain(`Left behind: function public.helper(text) (${done}); table public.hotfix`);
    await stage.until('the audit channel names it', () =>
      stage.sandbox.slack.workspace
        .visible('C0AUDIT', 'U0EVE')
        .some((one) => stage.text(one, 'U0EVE').includes('Left behind: function public.helper(text)')),
    );
  });

  test('K2.5 what was in use is cleaned up in a later round, neither overdue nor drift', async () => {
    await holdForIncident();
    await make();
    const report = new pg.Client({ connectionString: stage.sandbox.postgres.url('payments') });
    await report.connect();
    await report.query('BEGIN; SELECT * FROM hotfix');
    stage.clock.jump(61 * MINUTE);
    const ended = await stage.recorded('grant.ended');
    expect(ended.payload.left?.map(({ what }) => what)).toContain('table public.hotfix');
    expect(await stage.madeRoles()).toHaveLength(1);
    await report.query('COMMIT');
    await report.end();
    await expect
      .poll(
        () => {
          stage.clock.jump(11 * MINUTE);
          return stage.madeRoles();
        },
        { timeout: 20_000, interval: 200 },
      )
      .toEqual([]);
    await stage.stays('nobody is alarmed', () =>
      stage.events().every(({ type }) => type !== 'drift.found' && type !== 'grant.overdue'),
    );
  });
});
