import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const cardSays = (text: string) =>
  stage.until(`a card says "${text}"`, () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', 'U0EVE')
      .some((message) => stage.text(message, 'U0EVE').includes(text)),
  );
const auditSays = (text: string) =>
  stage.until(`the audit channel says "${text}"`, () =>
    stage.sandbox.slack.workspace
      .visible('C0AUDIT', 'U0EVE')
      .some((message) => stage.text(message, 'U0EVE').includes(text)),
  );

test('what is unusual is on the card and in the audit channel, and blocks nobody', async () => {
  await stage.ben.jit('request orders read 30m looking at order 4411');
  await cardSays('First time: never had access to orders-db before');
  await auditSays('first time (never had access to orders-db before)');
  const prompt = await stage.until('there are buttons', () =>
    stage.sandbox.slack.workspace
      .visible('C0ACCESS', 'U0EVE')
      .find((message) => stage.text(message, 'U0EVE').includes('Approve')),
  );
  await stage.chloe.click(prompt, 'review_approve');
  const granted = await stage.ben.readsDirect('You have Orders database (read)');
  await stage.ben.click(granted, 'grant_end');
  await stage.recorded('grant.ended');
  // The second time it is nothing new.
  stage.clock.jump(2 * HOUR);
  await stage.ben.jit('request orders read 30m looking at order 4412');
  await stage.recorded('request.submitted', 2);
  expect(stage.events().filter(({ type }) => type === 'signals.raised')).toHaveLength(1);
});

test('a reviewer who approves everything within seconds is noticed', async () => {
  await stage.restart({
    policy: (text) =>
      text.replace('when: { members_of: [S0ENGINEERS] }, reviewers: [S0PAYLEADS, S0DBA]', 'reviewers: [U0CHLOE]'),
  });
  for (let round = 1; round <= 5; round += 1) {
    await stage.ben.jit(`request orders read 30m looking at order ${round}`);
    const prompt = await stage.until('there are buttons', () =>
      stage.sandbox.slack.workspace
        .visible('C0ACCESS', 'U0EVE')
        .find((message) => JSON.stringify(message.blocks).includes('review_approve')),
    );
    await stage.chloe.click(prompt, 'review_approve');
    await stage.recorded('grant.activated', round);
    stage.clock.jump(31 * MINUTE);
    await stage.recorded('grant.ended', round);
    stage.clock.jump(30 * MINUTE);
  }
  await auditSays('quick approvals (the last 5 reviews by this reviewer were all approvals, each within 10 s');
  await cardSays('Quick approvals');
});

test('a rule may turn on a signal: then it decides', async () => {
  await stage.restart({
    policy: (text) => text.replace('level: { max: 2 } } }', 'level: { max: 2 } }, unless: { signals: [first_time] } }'),
  });
  await stage.ana.jit('request payments read 30m stuck payments');
  await cardSays('Not automatic');
  const submitted = await stage.recorded('request.submitted');
  expect(submitted.payload.decision).toMatchObject({ effect: 'ask' });
});
