/** What the bot opens at PagerDuty it also closes; and people may be called otherwise there than at Slack. */

import { afterEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
afterEach(() => stage.close());

const opened = (title: string) =>
  stage.until(`an incident about ${title}`, () =>
    stage.sandbox.pagerDuty.account.incidents.find((incident) => incident.title.includes(title)),
  );

describe('an incident that the bot opened', () => {
  test('is resolved when the use of break-glass is reviewed, and not before', async () => {
    stage = await setStage();
    await stage.ben.jit('break-glass payments admin 20m Checkout is down and the queue has to be cleared');
    await stage.ben.readsDirect('You have Payments database (admin)');
    const incident = await opened('Break-glass used: Ben Okafor');
    stage.clock.jump(MINUTE + 1_000);
    await stage.until('the bot looks', () => stage.events().length > 0);
    expect(incident.status).toBe('triggered');
    const prompt = await stage.until('a use is to be reviewed', () =>
      stage.sandbox.slack.workspace
        .visible('C0ACCESS', 'U0EVE')
        .find(({ blocks }) => JSON.stringify(blocks).includes('please review this use')),
    );
    await stage.eve.click(prompt, 'use_justified');
    const form = await stage.eve.sees('What did you find?');
    await stage.sandbox.slack.people.enter('U0EVE', form, 'comment', 'Fine, the queue was full');
    await stage.sandbox.slack.people.submit('U0EVE', form);
    await stage.recorded('break_glass.reviewed');
    stage.clock.jump(MINUTE + 1_000);
    await expect.poll(() => incident.status, { timeout: 5_000 }).toBe('resolved');
    // Only its own.
    expect(stage.sandbox.pagerDuty.account.incidents.find(({ id }) => id === 'PINC4711')?.status).toBe('triggered');
  });

  test('is resolved when the undecided request is decided', async () => {
    stage = await setStage();
    await stage.ben.jit('request payments read 30m customer 4411');
    const card = await stage.chloe.readsIn('C0ACCESS', 'Approve less');
    stage.clock.jump(10 * MINUTE + 1_000);
    await stage.recorded('request.escalated', 1);
    stage.clock.jump(20 * MINUTE + 1_000);
    const incident = await opened('Access request waiting: Ben Okafor');
    expect(incident.status).toBe('triggered');
    stage.sandbox.pagerDuty.faults.add({ kind: 'lost_answer', match: 'PUT /incidents', times: 1 });
    await stage.chloe.click(card, 'review_approve');
    await stage.recorded('request.approved');
    stage.clock.jump(MINUTE + 1_000);
    await expect.poll(() => incident.status, { timeout: 5_000 }).toBe('resolved');
  });
});

describe('a person whose address differs between Slack and PagerDuty', () => {
  const rename = () => {
    const { users } = stage.sandbox.pagerDuty.account;
    const index = users.findIndex(({ id }) => id === 'PANA');
    users[index] = { id: 'PANA', name: 'Ana Kovač', email: 'A.Kovac@Pager.example' };
  };

  test('is on call by the name in identities', async () => {
    stage = await setStage({
      policy: (source) => `${source}\nidentities: { U0ANA: { pagerduty: a.kovac@pager.example } }\n`,
    });
    rename();
    await stage.ana.jit('request payments read 15m on my turn');
    await stage.ana.told('Approved.');
  });

  test('without a name there, reads what to put where', async () => {
    stage = await setStage();
    rename();
    await stage.ana.jit('request payments read 15m on my turn');
    await stage.ana.told('approval');
    await stage.ana.jit('why');
    await stage.ana.told('put it under identities in the policy file, as pagerduty');
  });
});
