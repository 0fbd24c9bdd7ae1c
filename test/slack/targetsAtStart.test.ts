/** A target that does not answer is known before somebody is paged. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';
import { freePort } from '../support/ports.ts';

let stage: Stage;
beforeEach(async () => {
  const port = await freePort();
  stage = await setStage({ env: { ORDERS_DB_URL: `postgres://bot:secret@127.0.0.1:${port}/orders` } });
});
afterEach(() => stage.close());

const SAID = 'a target does not answer as it should';

test('an unreachable target at start is one log line with advice, others work', async () => {
  stage.clock.jump(10_000);
  await stage.logged(SAID, 1);
  const lines = stage.log.lines.filter(({ message }) => message.startsWith(SAID));
  expect(lines).toMatchObject([
    {
      level: 'error',
      facts: { resource: 'orders-db', problem: expect.stringContaining('127.0.0.1') },
      message: expect.stringContaining('jitbot doctor'),
    },
  ]);
});
