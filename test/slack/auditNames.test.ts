/** Words that come from the policy name people and groups by id; whoever reads the record reads names as well. */

import { expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { auditLine } from '../../src/slack/outbox/auditMessage.ts';
import { principalsIn } from '../../src/wording/names.ts';

const base = { seq: 1, at: 0, actor: BOT, requestId: null, grantId: null, prevHash: '', hash: '' };
const NAMES = new Map([
  ['S0DBA', '@dba'],
  ['U0BEN', 'Ben <Okafor>'],
]);
const loaded: LedgerEvent<'policy.loaded'> = {
  ...base,
  type: 'policy.loaded',
  payload: {
    hash: 'a'.repeat(64),
    resources: 1,
    roles: 1,
    changes: ['db/read: S0DBA and U0BEN may approve; U0GONE no longer may'],
  },
};

test('what a policy changes names groups and people, as far as Slack knows them', () => {
  expect(principalsIn([loaded])).toEqual(['S0DBA', 'U0BEN', 'U0GONE']);
  expect(auditLine(loaded, NAMES)).toContain(
    'db/read: @dba (S0DBA) and Ben &lt;Okafor&gt; (U0BEN) may approve; U0GONE no longer may',
  );
});

test('somebody who passed themselves off as the bot has a name', () => {
  const payload = { channel: 'C0AUDIT', user: 'U0BEN', bot: null, count: 2, newest: '1764110000.000100' };
  const forged: LedgerEvent<'channel.forged'> = { ...base, type: 'channel.forged', payload };
  expect(principalsIn([forged])).toEqual(['U0BEN']);
  expect(auditLine(forged, NAMES)).toContain('by Ben &lt;Okafor&gt; (U0BEN), the newest');
});

test('where Slack does not answer, the ids stay', () => {
  expect(auditLine(loaded)).toContain('S0DBA and U0BEN may approve');
});

test.each([
  'policy.loaded',
  'request.submitted',
  'request.denied',
  'request.escalated',
  'access_review.answered',
  'channel.forged',
] as const)('a %s changed in the database has no names, and hides no other event', (type) => {
  const changed = { ...base, type, payload: {} } as unknown as LedgerEvent;
  expect(principalsIn([changed, loaded])).toEqual(['S0DBA', 'U0BEN', 'U0GONE']);
});

test('somebody who was erased from the ledger gets no name back', () => {
  const erased: LedgerEvent<'names.erased'> = { ...base, type: 'names.erased', payload: { slackId: 'U0BEN' } };
  expect(principalsIn([erased])).toEqual([]);
  expect(auditLine(erased, NAMES)).not.toContain('Okafor');
});
