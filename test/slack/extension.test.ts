import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import type { Person } from '../../src/sandbox/person.ts';
import { query } from '../../src/sandbox/postgres.ts';
import type { Message } from '../../src/sandbox/slack/workspace.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const hold = async (who: Person, line = 'request payments read 30m stuck payments') => {
  await who.jit(line);
  return who.readsDirect('You have Payments database (read)');
};
const extend = async (who: Person, from: Message, minutes: number, reason = 'Not done yet, still stuck') => {
  await who.click(from, 'grant_extend');
  const form = await who.sees('How much longer?');
  await stage.sandbox.slack.people.enter(who.id, form, 'extend_duration', String(minutes * MINUTE));
  await stage.sandbox.slack.people.enter(who.id, form, 'extend_reason', reason);
  return who.submit(form);
};
/** When the login ends on its own, as PostgreSQL has it, in milliseconds. */
const validUntil = async () => {
  const [found] = await query(stage.sandbox.postgres.url('postgres'), [
    "SELECT round(extract(epoch FROM rolvaliduntil) * 1000)::text AS until FROM pg_roles WHERE rolname LIKE 'jit\\_%'",
  ]);
  return Number(found?.rows[0]?.until);
};

describe('more time', () => {
  test('a reminder precedes the end, Extend asks the policy, and the access goes on', async () => {
    const granted = await hold(stage.ana);
    await stage.ana.click(granted, 'grant_credential');
    const secret = await stage.ana.sees('Shown once');
    const address = /postgres:\/\/[^"\\]+/.exec(JSON.stringify(secret.view))?.[0] ?? '';
    stage.sandbox.slack.people.close(secret);
    stage.clock.jump(23 * MINUTE);
    const reminder = await stage.ana.readsDirect('ends *'.slice(0, 4), granted.ts);
    expect(stage.text(reminder, 'U0ANA')).toContain('[ Extend… ] [ I’m done ]');
    expect(stage.viewText(await extend(stage.ana, reminder, 60), 'U0ANA')).toContain('Approved');
    await stage.ana.readsDirect('You keep Payments database (read) until');
    const extended = await stage.recorded('grant.extended');
    expect(await validUntil()).toBe(extended.payload.endsAt + MINUTE);
    // Past the first end the very same login still works: nothing was interrupted.
    stage.clock.jump(20 * MINUTE);
    const [rows] = await query(address, ['SELECT * FROM payments']);
    expect(rows?.rowCount).toBe(3);
    stage.clock.jump(50 * MINUTE);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('never past the cap, however it is sliced', async () => {
    const granted = await hold(stage.ana, 'request payments read 4h stuck payments');
    await extend(stage.ana, granted, 240);
    await stage.ana.readsDirect('You keep Payments database (read)');
    await stage.ana.jit('extend payments 1h');
    expect(stage.viewText(await stage.ana.sees('in all'), 'U0ANA')).toContain('You can keep this role for 8 h in all');
  });

  test('a form that was tampered with gets no more than the policy gives', async () => {
    const granted = await hold(stage.ana);
    await stage.ana.click(granted, 'grant_extend');
    const form = await stage.ana.sees('How much longer?');
    form.values.extend_duration = {
      extend_duration: {
        type: 'static_select',
        selected_option: { text: { type: 'plain_text', text: 'x' }, value: String(100 * HOUR) },
      },
    };
    expect(stage.viewText(await stage.ana.submit(form), 'U0ANA')).toContain('At most 7 h 30 min more');
  });

  test('K11.4 a crafted “Approve less” cannot make more time into another role', async () => {
    await stage.ben.jit('break-glass payments admin 20m Checkout is down and the queue has to be cleared');
    const granted = await stage.ben.readsDirect('You have Payments database (admin)');
    // A form that was opened on another request, whose id somebody replaces by that of the extension.
    await stage.ben.jit('request payments read 30m customer 4411');
    const other = await stage.dev.readsIn('C0ACCESS', 'asks for Payments database (read)');
    await stage.dev.click(other, 'review_change');
    const form = await stage.dev.sees('gets what you choose here, and no more');
    await extend(stage.ben, granted, 30, 'INC-4711 not done yet, still stuck');
    const asked = await stage.until('the extension is asked for', () =>
      stage.events().find((event) => event.type === 'request.submitted' && event.payload.extends !== null),
    );
    form.view.private_metadata = asked.requestId ?? '';
    form.values.change_role = {
      change_role: {
        type: 'static_select',
        selected_option: { text: { type: 'plain_text', text: 'x' }, value: 'payments-db/read' },
      },
    };
    await stage.sandbox.slack.people.submit('U0DEV', form);
    expect(form.errors.change_duration).toContain('as asked, or not at all');
    await stage.stays('it is as long as it was', () =>
      stage.events().every(({ type }) => type !== 'request.changed' && type !== 'grant.extended'),
    );
  });

  test('where reviewers are asked, access keeps its end until they approve more', async () => {
    await stage.ben.jit('request payments read 30m customer 4411');
    const prompt = await stage.chloe.readsIn('C0ACCESS', 'Approve');
    await stage.chloe.click(prompt, 'review_approve');
    const granted = await stage.ben.readsDirect('You have Payments database (read)');
    await extend(stage.ben, granted, 30);
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for 30 min more on');
    expect(stage.text(card, 'U0CHLOE')).toContain('30 min more');
    expect((await stage.madeRoles()).length).toBe(1);
    const second = card;
    await stage.chloe.click(second, 'review_approve');
    const kept = await stage.ben.readsDirect('You keep Payments database (read)');
    expect(stage.text(kept, 'U0BEN')).toContain('Approved by @Chloé Martin');
    const activated = await stage.recorded('grant.activated');
    const extended = await stage.recorded('grant.extended');
    expect(extended.grantId).toBe(activated.grantId);
    expect(extended.payload.endsAt - activated.payload.endsAt).toBe(30 * MINUTE);
  });

  test('a target that does not take it leaves the end as it was, and the person is told', async () => {
    const granted = await hold(stage.ana);
    stage.sandbox.proxy.cut();
    await extend(stage.ana, granted, 60);
    for (let turn = 1; turn <= 4; turn += 1) {
      await stage.logged('extending failed', turn);
      if (turn < 4) await stage.logged('a job failed', turn);
      stage.clock.jump(6_000);
    }
    const told = await stage.ana.readsDirect('could not be extended');
    expect(stage.text(told, 'U0ANA')).toContain('It still ends');
    stage.sandbox.proxy.restore();
    stage.clock.jump(31 * MINUTE);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('nobody extends what somebody else holds', async () => {
    const granted = await hold(stage.ana);
    // A button of Ana's message, copied by somebody who can build a payload.
    await stage.ben.click(granted, 'grant_extend');
    const form = await stage.ben.sees('How much longer?');
    // Nor are they shown what it was asked for with.
    expect(JSON.stringify(form.view)).not.toContain('stuck payments');
    await stage.sandbox.slack.people.enter('U0BEN', form, 'extend_reason', 'let me in');
    expect(stage.viewText(await stage.ben.submit(form), 'U0BEN')).toContain('Only its holder, the reviewers');
  });
});

describe('a start in the future', () => {
  test('is decided about then, begins then, and ends with its window', async () => {
    // Ana's shift goes on for hours; whoever asks is told what PagerDuty says about then.
    const startsAt = Math.floor(stage.clock.now() / 1000) * 1000 + 3 * HOUR;
    const form = await stage.ana.fillRequest({
      search: 'pay read',
      role: 'payments-db/read',
      reason: 'Migration',
      minutes: 120,
      unfold: true,
    });
    await stage.sandbox.slack.people.enter('U0ANA', form, 'request_start', String(startsAt / 1000));
    await stage.ana.submit(form);
    await stage.ana.readsDirect('starts ');
    const submitted = await stage.recorded('request.submitted');
    expect(submitted.payload.input.at).toBe(startsAt);
    expect(await stage.madeRoles()).toEqual([]);
    stage.clock.jump(startsAt + HOUR - stage.clock.now());
    // It begins late, because nothing ran at its time: it ends with its window all the same.
    const granted = await stage.recorded('grant.activated');
    expect(granted.payload.endsAt).toBe(startsAt + 2 * HOUR);
    stage.clock.jump(HOUR);
    await stage.ana.readsDirect('has ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('typed as a local time window, it fills the form where the line says too little', async () => {
    await stage.ana.jit('request payments read tomorrow 09:00-10:00');
    const form = await stage.ana.sees('Start later?');
    await stage.until('the start is filled in', () => JSON.stringify(form.values).includes('"selected_date_time":1'));
  });

  test('who is no longer on call when it begins is told so, and gets nothing', async () => {
    const start = new Date(stage.clock.now() + 2 * HOUR);
    const form = await stage.ana.fillRequest({
      search: 'pay read',
      role: 'payments-db/read',
      reason: 'Planned work',
      unfold: true,
    });
    await stage.sandbox.slack.people.enter('U0ANA', form, 'request_start', String(Math.floor(start.getTime() / 1000)));
    expect(stage.viewText(await stage.ana.submit(form), 'U0ANA')).toContain('Approved for later');
    const later = await stage.ana.readsDirect('starts ');
    // Somebody takes over both of Ana's shifts meanwhile.
    for (const schedule of stage.sandbox.pagerDuty.account.schedules)
      schedule.overrides.push({ user: 'PDEV', start: stage.clock.now(), end: stage.clock.now() + 24 * HOUR });
    stage.clock.jump(2 * HOUR + 1_000);
    const denied = await stage.ana.readsDirect('was denied', later.ts);
    expect(stage.text(denied, 'U0ANA')).toContain('not on call');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('a start that is over, or too far ahead, is said on the field', async () => {
    const form = await stage.ana.fillRequest({
      search: 'pay read',
      role: 'payments-db/read',
      reason: 'Planned work',
      unfold: true,
    });
    const people = stage.sandbox.slack.people;
    await people.enter('U0ANA', form, 'request_start', '1000');
    await people.submit('U0ANA', form);
    expect(form.errors.start).toContain('in the past');
    await people.enter('U0ANA', form, 'request_start', String(Math.floor(stage.clock.now() / 1000) + 30 * 86_400));
    await people.submit('U0ANA', form);
    expect(form.errors.start).toContain('At most 14 days ahead');
  });

  test('can be cancelled before it begins', async () => {
    const form = await stage.ana.fillRequest({
      search: 'pay read',
      role: 'payments-db/read',
      reason: 'Planned work',
      unfold: true,
    });
    await stage.sandbox.slack.people.enter(
      'U0ANA',
      form,
      'request_start',
      String(Math.floor(stage.clock.now() / 1000) + 3_600),
    );
    await stage.ana.submit(form);
    const later = await stage.ana.readsDirect('starts ');
    await stage.ana.click(later, 'request_cancel');
    await stage.recorded('request.cancelled');
    stage.clock.jump(2 * HOUR);
    expect(await stage.madeRoles()).toEqual([]);
  });
});

describe('a bundle', () => {
  test('several roles in one request are decided one by one and stand on one card', async () => {
    const form = await stage.ben.fillRequest({
      search: 'pay read',
      role: 'payments-db/read',
      reason: 'Customer 4411 was charged twice',
      minutes: 240,
      unfold: true,
    });
    const people = stage.sandbox.slack.people;
    const options = [
      ...(await people.suggestions('U0BEN', form, 'request_more', 'orders read')),
      ...(await people.suggestions('U0BEN', form, 'request_more', 'flags edit')),
    ];
    await people.enter('U0BEN', form, 'request_more', options);
    await stage.ben.sees('Would be denied');
    expect(stage.viewText(form, 'U0BEN')).toMatch(/Payments database \(read\), 4 h: .*approval/);
    const answer = stage.viewText(await stage.ben.submit(form), 'U0BEN');
    expect(answer).toMatch(/Payments database \(read\): .*approval/);
    expect(answer).toMatch(/\(edit\): .*Denied/);
    const card = await stage.chloe.readsIn('C0ACCESS', 'asks for 3 roles');
    expect(JSON.stringify(card.blocks).match(/review_approve/g)).toHaveLength(2);
    // The first of them is that of the payments database.
    await stage.chloe.click(card, 'review_approve');
    await stage.ben.readsDirect('You have Payments database (read)');
    await stage.until('the card shows each as it stands', () => {
      const text = stage.text(card, 'U0CHLOE');
      return (
        text.includes('Access is active') &&
        text.includes('Needs approval from') &&
        text.includes('Denied by the policy')
      );
    });
    expect(
      stage.sandbox.slack.workspace
        .visible('C0ACCESS', 'U0CHLOE')
        .filter(({ blocks }) => JSON.stringify(blocks).includes('3 roles')),
    ).toHaveLength(1);
  });

  test('what is held already is left out, and the rest goes on', async () => {
    await hold(stage.ana);
    const form = await stage.ana.fillRequest({
      search: 'orders read',
      role: 'orders-db/read',
      reason: 'Stuck orders',
      unfold: true,
    });
    const people = stage.sandbox.slack.people;
    await people.enter(
      'U0ANA',
      form,
      'request_more',
      await people.suggestions('U0ANA', form, 'request_more', 'payments read'),
    );
    const answer = stage.viewText(await stage.ana.submit(form), 'U0ANA');
    expect(answer).toMatch(/Orders database \(read\): .*Approved/);
    expect(answer).toMatch(/Payments database \(read\): This access is already active/);
    await stage.ana.readsDirect('You have Orders database (read)');
  });
});
