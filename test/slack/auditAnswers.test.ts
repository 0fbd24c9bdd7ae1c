/** What of a long answer from the record an auditor is shown. */

import type { KnownBlock } from '@slack/types';
import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOT, named } from '../../src/domain/person.ts';
import { MINUTE } from '../../src/domain/terms.ts';
import { eventSearch } from '../../src/ledger/history/search.ts';
import { audit } from '../../src/slack/features/audit/command.ts';
import { createAnswerWindows } from '../../src/slack/outbox/answerWindows.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

const ROLES = '      read: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED] } }] }';
let flow: Flow;
beforeEach(() => {
  flow = aFlow({ roles: ROLES });
});
afterEach(() => flow.close());

/** @returns the lines that Eve, an administrator, is shown */
async function asks(text: string): Promise<string[]> {
  const { deps } = flow;
  const told: KnownBlock[] = [];
  const client = new WebClient();
  await audit.run({
    ...{ deps, client, text, personId: 'U0EVE', triggerId: '', callId: '' },
    search: eventSearch(flow.ledger),
    windows: createAnswerWindows({ ...deps, client, policy: () => deps.policy }),
    showHome: async () => undefined,
    tell: async (_text, blocks = []) => void told.push(...blocks),
  });
  return told.map((block) => JSON.stringify(block));
}

/** Each for a time of its own. */
async function manyRequests(count: number): Promise<void> {
  for (let minutes = 1; minutes <= count; minutes += 1) {
    const request = await flow.asks('U0ANA', 'db/read', (30 + minutes) * MINUTE);
    await flow.denies('U0FRED', request);
    flow.clock.advance(MINUTE);
  }
}

test('twenty requests are shown whole, without mention of more', async () => {
  await manyRequests(20);
  const lines = await asks('U0ANA');
  expect(lines).toHaveLength(20);
  expect(lines.join()).not.toContain('There are more');
});

test('of a longer answer the newest twenty are shown, and that there are more', async () => {
  await manyRequests(22);
  const [first, ...lines] = await asks('U0ANA');
  expect(first).toContain('These are the newest 20. There are more');
  expect(lines).toHaveLength(20);
  expect(lines[0]).toMatch(/for 33\smin/);
  expect(lines.at(-1)).toMatch(/for 52\smin/);
});

test('of a request with many events the newest twenty are shown', async () => {
  const request = await flow.asks('U0ANA', 'db/read', 30 * MINUTE);
  const about = { actor: BOT, requestId: request.id, grantId: 'G0000000001', type: 'credential.issued' } as const;
  for (let count = 1; count <= 25; count += 1)
    await flow.deps.store.commit({
      events: [
        { ...about, payload: { role: 'db/read', person: named(request.requester), account: `login-${count}.` } },
      ],
    });
  const lines = await asks(request.id);
  expect(lines[0]).toContain('Ana');
  expect(lines.slice(1).map((line) => /login-(\d+)\./.exec(line)?.[1])).toEqual(
    Array.from({ length: 20 }, (_, index) => String(index + 6)),
  );
});
