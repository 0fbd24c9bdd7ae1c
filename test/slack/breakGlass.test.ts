import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const LINE = 'break-glass payments admin 20m Checkout is down and the queue has to be cleared';
const useIt = async () => {
  await stage.ben.jit(LINE);
  await stage.ben.told('Break-glass: I’m setting up your access now');
  return stage.ben.readsDirect('You have Payments database (admin)');
};
const review = async (verdict: 'use_justified' | 'use_unjustified', comment: string, who = stage.eve) => {
  // The oldest that still waits.
  const prompt = await stage.until('a use is to be reviewed', () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', who.id)
      .find(({ blocks }) => JSON.stringify(blocks).includes('please review this use')),
  );
  await who.click(prompt, verdict);
  const form = await who.sees('What did you find?');
  await stage.sandbox.slack.people.enter(who.id, form, 'comment', comment);
  await stage.sandbox.slack.people.submit(who.id, form);
  return form;
};

describe('break-glass', () => {
  test('gives access, is announced, pages, and names a reviewer with a deadline', async () => {
    const granted = await useIt();
    expect(stage.text(granted, 'U0BEN')).toContain('your use will be reviewed');
    const card = await stage.chloe.readsIn('C0ACCESS', 'Break-glass: <@U0BEN>');
    expect(JSON.stringify(card.blocks)).toContain(
      '<!here> *Break-glass: <@U0BEN> used Payments database (admin)* for 20\u00a0min, without approval',
    );
    expect(stage.text(card, 'U0CHLOE')).toContain('│ Checkout is down and the queue has to be cleared');
    const invoked = await stage.recorded('break_glass.invoked');
    expect(invoked.payload.reviewer.slackId).toBe('U0EVE');
    expect(Math.round((invoked.payload.reviewBy - invoked.at) / MINUTE)).toBe(24 * 60);
    const told = await stage.eve.readsDirect('used break-glass for Payments database (admin)');
    expect(JSON.stringify(told.blocks)).toContain('/archives/C0ACCESS/');
    await expect
      .poll(() => stage.sandbox.pagerDuty.account.incidents.at(-1)?.title)
      .toBe('Break-glass used: Ben Okafor has payments-db/admin for 20 min');
    stage.clock.jump(21 * MINUTE);
    await stage.ben.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('is reviewed by somebody else, with what they found, once', async () => {
    await useIt();
    const own = await review('use_justified', 'It was me, all fine', stage.ben);
    expect(own.errors.comment).toContain('cannot review your own');
    const stranger = await review('use_justified', 'Looks fine', stage.chloe);
    expect(stranger.errors.comment).toContain('not a reviewer');
    await review('use_unjustified', 'The replica <!channel> would have done');
    const reviewed = await stage.recorded('break_glass.reviewed');
    expect(reviewed.payload).toMatchObject({ justified: false, comment: 'The replica <!channel> would have done' });
    const prompt = await stage.chloe.readsIn('C0ACCESS', 'not justified');
    expect(JSON.stringify(prompt.blocks.filter(({ type }) => type !== 'rich_text'))).not.toContain('channel>');
    expect(stage.events().filter(({ type }) => type === 'break_glass.reviewed')).toHaveLength(1);
  });

  test('unreviewed has a reminder half-way, is raised when due, and blocks the next', async () => {
    const granted = await useIt();
    await stage.ben.click(granted, 'grant_end');
    await stage.ben.readsDirect('has ended');
    stage.clock.jump(12 * HOUR + 1_000);
    await stage.eve.readsDirect('still needs your review');
    // Before the deadline an emergency is still an emergency.
    await stage.ben.jit(LINE);
    const second = await stage.ben.readsDirect('You have Payments database (admin)', granted.ts);
    await stage.ben.click(second, 'grant_end');
    await stage.recorded('grant.ended', 2);
    stage.clock.jump(12 * HOUR);
    await stage.recorded('break_glass.unreviewed');
    const overdue = await stage.chloe.readsIn('C0ACCESS', 'nobody has reviewed this');
    expect(stage.text(overdue, 'U0CHLOE')).toContain('@security');
    const after = stage.sandbox.slack.workspace.newTs();
    await stage.ben.jit(LINE);
    expect((await stage.ben.told('was not reviewed in time', after)).text).toContain('<@U0EVE> has to review it first');
    await review('use_justified', 'Fine, the queue was full');
    await stage.recorded('break_glass.reviewed');
    await stage.ben.jit(LINE);
    await stage.ben.told('Break-glass: I’m setting up your access now', after);
  });

  test('is only for those named in the policy, needs a reason, and has a maximum', async () => {
    await stage.chloe.jit(LINE);
    await stage.chloe.told('the policy does not name you');
    await stage.ben.jit('break-glass orders read help me out now');
    await stage.ben.told('the policy does not name you');
    await stage.ben.jit('break-glass payments admin 4h Checkout is down, really');
    const form = await stage.ben.sees('Only for emergencies');
    const people = stage.sandbox.slack.people;
    await people.enter('U0BEN', form, 'request_reason', 'short');
    await people.submit('U0BEN', form);
    expect(form.errors.reason).toContain('at least 10 characters');
    expect((await people.suggestions('U0BEN', form, 'request_role', '')).map(({ value }) => value)).toEqual([
      'payments-db/admin',
    ]);
    expect(stage.events().some(({ type }) => type === 'break_glass.invoked')).toBe(false);
  });

  test('K11.11 where the rules allow it, it is an ordinary request without an alarm', async () => {
    stage.sandbox.slack.workspace.groups.get('S0SRE')?.members.push('U0ANA');
    const form = await stage.ana.fillRequest({ search: 'pay admin', role: 'payments-db/admin', reason: 'INC-1 x' });
    stage.sandbox.slack.people.close(form);
    await stage.ana.jit('break-glass payments admin 20m');
    const emergency = await stage.ana.sees('Only for emergencies');
    await stage.ana.sees('Automatic');
    // It is an ordinary request in every way: the role's own rules for reasons hold.
    await stage.sandbox.slack.people.enter('U0ANA', emergency, 'request_reason', 'Checkout is down for everybody');
    expect(stage.viewText(await stage.ana.submit(emergency), 'U0ANA')).toContain('ticket');
    const ticketed = await stage.ana.fillRequest({ search: 'pay admin', role: 'payments-db/admin' });
    stage.sandbox.slack.people.close(ticketed);
    await stage.ana.jit('break-glass payments admin 20m');
    const again = await stage.ana.sees('Only for emergencies');
    await stage.ana.sees('Automatic');
    const reason = 'INC-4711 Checkout is down for everybody';
    await stage.sandbox.slack.people.enter('U0ANA', again, 'request_reason', reason);
    await stage.ana.submit(again);
    await stage.ana.readsDirect('You have Payments database (admin)');
    expect(stage.events().some(({ type }) => type === 'break_glass.invoked')).toBe(false);
  });

  test('works with PagerDuty down, and not with Slack’s groups unknown', async () => {
    stage.sandbox.pagerDuty.faults.add({ kind: 'error_500' });
    const granted = await useIt();
    await stage.ben.click(granted, 'grant_end');
    await stage.recorded('grant.ended');
    stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'usergroups.users.list' });
    await stage.ben.jit(LINE);
    await stage.ben.told('could not check');
    expect(stage.events().filter(({ type }) => type === 'break_glass.invoked')).toHaveLength(1);
  });
});
