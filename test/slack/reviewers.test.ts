import { DateTime } from 'luxon';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import type { Person } from '../../src/sandbox/person.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
const start = async (policy?: (source: string) => string) => {
  stage = await setStage(policy ? { policy } : {});
};
afterEach(() => stage.close());

/** To the next noon in Stockholm, so that people there and nearby are awake. */
const toNoon = () => {
  const now = DateTime.fromMillis(stage.clock.now(), { zone: 'Europe/Stockholm' });
  const noon = now.set({ hour: 12, minute: 0, second: 0 });
  stage.clock.jump((noon > now ? noon : noon.plus({ days: 1 })).toMillis() - now.toMillis());
};
const prompt = (after = '') => stage.chloe.readsIn('C0ACCESS', 'Approve less', after);

describe('the card', () => {
  beforeEach(() => start());

  test('holds who, what, how long, why, shift, incident, history, risk and why you', async () => {
    await stage.dev.jit('request payments admin 30m INC-4711 rollback of a bad migration');
    const card = stage.text(await stage.chloe.readsIn('C0ACCESS', 'asks for Payments database (admin)'), 'U0CHLOE');
    expect(card).toContain('@Dev Patel asks for Payments database (admin)');
    expect(card).toContain('Risk: 🔴 high');
    expect(card).toContain('for 30 min');
    expect(card).toMatch(/On call: on call at level \d for Payments/);
    expect(card).not.toContain('Recent access');
    expect(card).toContain('│ INC-4711 rollback of a bad migration');
    expect(card).toContain('Not automatic');
    expect(card).toContain('Needs 2 approvals: 2 from @dba');
    expect(card).toContain('you can approve this (rule 3)');
  });

  test('shows their recent access, and links the incident with its severity', async () => {
    await stage.ben.jit('request orders read 30m first');
    await stage.chloe.click(await prompt(), 'review_approve');
    await stage.ben.click(await stage.ben.readsDirect('You have Orders database (read)'), 'grant_end');
    await stage.ben.readsDirect('has ended');
    stage.sandbox.pagerDuty.account.incidents.push({
      id: 'PINC9',
      number: 9,
      title: 'Search is down',
      status: 'acknowledged',
      urgency: 'high',
      service: 'PSEARCH',
      assignees: ['PBEN'],
      createdAt: 0,
      notes: [],
    });
    // What PagerDuty said a moment ago is good enough for a form, and for no longer than a minute.
    stage.clock.jump(61_000);
    await stage.ben.submit(
      await stage.ben.fillRequest({
        search: 'pay read',
        role: 'payments-db/read',
        reason: 'Search needs it',
        incident: 'PINC9',
      }),
    );
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Payments database (read)');
    expect(stage.text(card, 'U0CHLOE')).toMatch(/Recent access: Orders database \(read\), ended/);
    expect(stage.text(card, 'U0CHLOE')).toContain('#9 Search is down (acknowledged, high urgency)');
    expect(JSON.stringify(card.blocks)).toContain('https://example.pagerduty.com/incidents/PINC9');
  });
});

describe('approving less', () => {
  beforeEach(() => start());
  const openChange = async () => {
    const asked = await prompt();
    await stage.dev.click(asked, 'review_change');
    return stage.dev.sees('gets what you choose here, and no more');
  };

  test('a narrower role for a shorter time is given, and requester and ledger see both', async () => {
    await stage.ben.jit('request payments admin 1h INC-4711 rollback of a bad migration');
    const form = await openChange();
    const people = stage.sandbox.slack.people;
    await people.enter('U0DEV', form, 'change_role', 'payments-db/read');
    await people.enter('U0DEV', form, 'change_duration', String(15 * MINUTE));
    await people.enter('U0DEV', form, 'comment', 'Reading is enough for this');
    await people.submit('U0DEV', form);
    const changed = await stage.recorded('request.changed');
    expect(changed.payload).toMatchObject({
      from: { role: 'payments-db/admin', duration: HOUR },
      to: { role: 'payments-db/read', duration: 15 * MINUTE },
    });
    await stage.eve.click(await prompt(), 'review_approve');
    const told = await stage.ben.readsDirect('You have Payments database (read)');
    expect(stage.text(told, 'U0BEN')).toContain('for less than you asked for (payments-db/admin, 1 h)');
    const activated = await stage.recorded('grant.activated');
    expect(activated.payload.role).toBe('payments-db/read');
    const card = await stage.chloe.readsIn('C0ACCESS', 'Reading is enough for this');
    expect(card).toBeDefined();
  });

  test('no form gives more than was asked for, or another role', async () => {
    await stage.ben.jit('request payments admin 30m INC-4711 rollback of a bad migration');
    const form = await openChange();
    const say = (role: string, duration: number) => {
      const option = (value: string) => ({
        type: 'static_select',
        selected_option: { text: { type: 'plain_text', text: 'x' }, value },
      });
      form.values.change_role = { change_role: option(role) };
      form.values.change_duration = { change_duration: option(String(duration)) };
      return stage.sandbox.slack.people.submit('U0DEV', form);
    };
    await say('payments-db/admin', HOUR);
    expect(form.errors.change_duration).toContain('never more');
    await say('orders-db/read', 15 * MINUTE);
    expect(form.errors.change_duration).toContain('does not give less');
    expect(stage.events().some(({ type }) => type === 'request.changed')).toBe(false);
  });
});

describe('stages', () => {
  const TWO_STAGES = (source: string) =>
    source
      .replace('needed: 2, expires: 30m }', 'expires: 30m }')
      .replace(
        'reviewers: [S0DBA], expires',
        'stages: [{ reviewers: [S0PAYLEADS] }, { reviewers: [S0SECURITY] }], expires',
      );

  test('one of the leads and one of security: two of either are not enough', async () => {
    await start(TWO_STAGES);
    stage.sandbox.slack.workspace.groups.get('S0PAYLEADS')?.members.push('U0DEV');
    await stage.ben.jit('request payments admin 30m INC-4711 rollback of a bad migration');
    const asked = await prompt();
    expect(stage.text(asked, 'U0CHLOE')).toContain('2 approvals: 1 from @payments-leads and 1 from @security');
    await stage.chloe.click(asked, 'review_approve');
    await stage.dev.click(asked, 'review_approve');
    await stage.recorded('review.recorded', 2);
    expect(stage.events().some(({ type }) => type === 'request.approved')).toBe(false);
    await stage.eve.click(asked, 'review_approve');
    await stage.ben.readsDirect('You have Payments database (admin)');
  });

  test('accounts that the policy says are one human cannot approve for each other', async () => {
    await start((source) => source.replace('  admins:', '  same_person: [[U0BEN, U0CHLOE]]\n  admins:'));
    await stage.ben.jit('request orders read 30m numbers');
    await stage.chloe.click(await prompt(), 'review_approve');
    await stage.chloe.readsIn('C0ACCESS', 'cannot review your own request');
  });
});

describe('when nobody answers', () => {
  beforeEach(() => start());

  test('the next in line at PagerDuty are asked after a while, and may approve', async () => {
    toNoon();
    await stage.ben.jit('request payments read 30m customer 4411');
    const asked = await prompt();
    stage.clock.jump(10 * MINUTE + 1_000);
    const escalated = await stage.recorded('request.escalated');
    const [next] = escalated.payload.to;
    expect(['U0ANA', 'U0DEV']).toContain(next?.slackId);
    const who = stage.person(next?.slackId ?? '');
    const told = await who.readsDirect('asks for Payments database (read)*, and nobody has decided yet');
    expect(JSON.stringify(told.blocks)).toContain('https://harborpay.slack.com/archives/C0ACCESS/p');
    await stage.chloe.readsIn('C0ACCESS', 'I also asked');
    await who.click(asked, 'review_approve');
    await stage.ben.readsDirect('You have Payments database (read)');
  });

  test('sleepers are left alone, somebody is paged in the end, then it expires', async () => {
    toNoon();
    const eve = stage.sandbox.slack.workspace.users.get('U0EVE');
    if (eve) eve.quietUntil = stage.clock.now() + 8 * HOUR;
    await stage.ben.jit('request payments read 30m customer 4411');
    await prompt();
    stage.clock.jump(10 * MINUTE + 1_000);
    await stage.recorded('request.escalated', 1);
    stage.clock.jump(20 * MINUTE + 1_000);
    const last = await stage.recorded('request.escalated', 2);
    expect(last.payload.to).toEqual([]);
    expect(last.payload.passedOver).toEqual([
      { slackId: 'U0EVE', name: 'Eve Lindqvist', why: 'asleep or not to be disturbed' },
    ]);
    await stage.chloe.readsIn('C0ACCESS', 'Somebody was paged in PagerDuty');
    const { incidents } = stage.sandbox.pagerDuty.account;
    await expect.poll(() => incidents.at(-1)?.title).toContain('Access request waiting: Ben Okafor');
    stage.clock.jump(30 * MINUTE + 1_000);
    await stage.ben.readsDirect('Nobody decided');
  });

  test('the thread says that PagerDuty is silent, and who is asked once it answers', async () => {
    toNoon();
    await stage.ben.jit('request payments read 30m customer 4411');
    await prompt();
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500', match: 'GET /oncalls' });
    stage.clock.jump(10 * MINUTE + 1_000);
    const said = await stage.chloe.readsIn('C0ACCESS', 'could not find out who else to ask');
    expect(stage.text(said, 'U0CHLOE')).toMatch(/who is on call could not be looked up: .*500.*I’ll try again/);
    stage.sandbox.pagerDuty.faults.clear();
    stage.clock.jump(MINUTE);
    await stage.chloe.readsIn('C0ACCESS', 'I also asked');
  });

  test('people who are passed over are named with the reason where nobody is left', async () => {
    toNoon();
    const eve = stage.sandbox.slack.workspace.users.get('U0EVE');
    if (eve) eve.quietUntil = stage.clock.now() + 8 * HOUR;
    await stage.ben.jit('request payments read 30m customer 4411');
    await prompt();
    stage.clock.jump(30 * MINUTE + 1_000);
    const said = await stage.chloe.readsIn('C0ACCESS', 'there is nobody else to ask');
    expect(stage.text(said, 'U0CHLOE')).toContain('Eve Lindqvist (asleep or not to be disturbed)');
  });

  test('a page whose answer is lost wakes nobody twice', async () => {
    stage.sandbox.pagerDuty.faults.add({ kind: 'lost_answer', match: 'POST /incidents', times: 1 });
    toNoon();
    await stage.ben.jit('request payments read 30m customer 4411');
    await prompt();
    stage.clock.jump(30 * MINUTE + 1_000);
    await stage.recorded('request.escalated', 2);
    await stage.logged('a job failed', 1);
    stage.clock.jump(5_000);
    await expect
      .poll(() => stage.sandbox.pagerDuty.calls.filter((call) => call === 'POST /incidents').length)
      .toBeGreaterThan(1);
    expect(
      stage.sandbox.pagerDuty.account.incidents.filter(({ title }) => title.startsWith('Access request')),
    ).toHaveLength(1);
  });

  test('reviewers who have left do not block a request: others are asked at once', async () => {
    const { groups } = stage.sandbox.slack.workspace;
    const leads = groups.get('S0PAYLEADS');
    if (leads) leads.members = ['U0GRACE'];
    await stage.ben.jit('request payments read 30m customer 4411');
    const escalated = await stage.recorded('request.escalated');
    expect(escalated.payload.step).toBe(-1);
    expect(escalated.payload.to.length).toBeGreaterThan(0);
    const who = stage.person(escalated.payload.to[0]?.slackId ?? '');
    await who.click(await prompt(), 'review_approve');
    await stage.ben.readsDirect('You have Payments database (read)');
  });
});

describe('while somebody is away', () => {
  beforeEach(() => start());
  const nameStandIn = async (from: Person, to: string, until: number) => {
    await from.jit('away');
    const form = await from.sees('Who reviews for you?');
    const people = stage.sandbox.slack.people;
    await people.enter(from.id, form, 'away_to', to);
    await people.enter(from.id, form, 'away_until', String(Math.floor(until / 1000)));
    await people.submit(from.id, form);
    return form;
  };

  test('a stand-in approves for them with both names on it, until they are back', async () => {
    await stage.ben.jit('request payments read 30m customer 4411');
    const asked = await prompt();
    await stage.dev.click(asked, 'review_approve');
    await stage.dev.readsIn('C0ACCESS', 'not a reviewer');
    await nameStandIn(stage.chloe, 'U0DEV', stage.clock.now() + 3 * HOUR);
    await stage.dev.readsDirect('asks you to review for them');
    await stage.dev.click(asked, 'review_approve');
    await stage.ben.readsDirect('You have Payments database (read)');
    const review = await stage.recorded('review.recorded');
    expect(review.payload.onBehalfOf).toBe('U0CHLOE');
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for Payments database (read)');
    await stage.until('the card says so', () => stage.text(card, 'U0EVE').includes('@Dev Patel (for @Chloé Martin)'));
    await stage.chloe.jit('back');
    await stage.chloe.told('no longer reviews for you');
  });

  test('a stand-in acts until then and no longer, and never for the requester', async () => {
    await nameStandIn(stage.eve, 'U0ANA', stage.clock.now() + HOUR);
    await stage.recorded('delegation.set');
    await stage.eve.jit('request orders read 30m numbers');
    await stage.ana.click(await prompt(), 'review_approve');
    await stage.ana.readsIn('C0ACCESS', 'not a reviewer');

    await nameStandIn(stage.chloe, 'U0DEV', stage.clock.now() + 10 * MINUTE);
    await stage.recorded('delegation.set', 2);
    const after = stage.sandbox.slack.workspace.newTs();
    await stage.ben.jit('request payments read 30m customer 4411');
    const asked = await prompt(after);
    // Nobody is on call, so the request is escalated to nobody meanwhile.
    stage.sandbox.pagerDuty.account.escalationPolicies.splice(0);
    stage.clock.jump(11 * MINUTE);
    await stage.dev.click(asked, 'review_approve');
    await stage.dev.readsIn('C0ACCESS', 'not a reviewer', after);
  });

  test('only those whom the policy lets stand in can be named', async () => {
    const form = await nameStandIn(stage.chloe, 'U0FARID', stage.clock.now() + HOUR);
    expect(form.errors.away_to).toContain('guests cannot take part');
    const own = await nameStandIn(stage.dev, 'U0DEV', stage.clock.now() + HOUR);
    expect(own.errors.away_to).toContain('you yourself');
    await stage.chloe.jit('back');
    await stage.chloe.told('Nobody stands in for you');
  });
});
