/** A staging bot that was given the Slack tokens of production, both whole: what it says, and what it still does. */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.recorded('grant.activated');
  await stage.until('production shows its ledger in the audit channel', () =>
    stage.sandbox.slack.workspace.messages.some(({ channel, metadata }) => channel === 'C0AUDIT' && metadata !== null),
  );
  const production = stage.sandbox.env.JIT_DATABASE ?? '';
  await stage.restart({
    env: { JIT_DATABASE: join(production, '../staging.db') },
    policy: (source) => `${source}\nenvironment: staging\n`,
  });
});
afterAll(() => stage.close());

test('says at start that another ledger is shown by its own bot user', async () => {
  await stage.logged('ANOTHER LEDGER IS SHOWN IN THE AUDIT CHANNEL', 1);
  expect(stage.log.lines.some(({ message }) => message.includes('give each its own Slack app'))).toBe(true);
});

test('gives access all the same, and names its environment on what it posts', async () => {
  const { messages } = stage.sandbox.slack.workspace;
  const before = messages.length;
  await stage.ana.jit('request orders read 1h stuck orders');
  const fresh = await stage.until('the channel and Ana are told', () => {
    const sent = messages.slice(before).filter(({ user, ephemeralTo }) => user === 'U0JIT' && ephemeralTo === null);
    return (
      sent.some(({ channel }) => channel === 'C0AUDIT') && sent.some(({ channel }) => channel !== 'C0AUDIT') && sent
    );
  });
  for (const message of fresh) expect(stage.text(message, 'U0ANA')).toContain('Environment: staging');
});
