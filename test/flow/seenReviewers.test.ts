/** Having been seen as a reviewer of a role within a day is enough to end it, and for nothing else. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { revokeGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { noteStandings } from '../../src/lifecycle/grant/takingAway.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const role = (name: string, reviewer: string) => `      ${name}:
        grants: {}
        duration: { max: 48h }
        rules: [{ allow: { duration: { max: 48h }, members_of: [U0ANA] } }, { ask: { reviewers: [${reviewer}], expires: 4h } }]`;
beforeEach(() => {
  flow = aFlow({ roles: [role('read', 'S0LEADS'), role('write', 'U0DEV')].join('\n') });
  flow.groups.set('S0LEADS', ['U0CHLOE']);
});
afterEach(() => flow.close());

const holds = async (key: string) => {
  await flow.asks('U0ANA', key, 48 * HOUR);
  await flow.work();
  return flow.held('U0ANA', key);
};
const ends = async (who: string, key: string) => {
  const result = await revokeGrant(flow.deps, { grantId: (await flow.held('U0ANA', key)).id, personId: who });
  return 'refused' in result ? result.refused.code : result.seenAt;
};

test('K9.5 a reviewer of one role ends that role, and no other', async () => {
  await holds('db/read');
  await holds('db/write');
  const seenAt = flow.clock.now();
  await noteStandings(flow.deps);
  flow.silent.add('U0CHLOE');
  expect(await ends('U0CHLOE', 'db/write')).toBe('person_refused');
  expect(await ends('U0CHLOE', 'db/read')).toBe(seenAt);
});

test('K9.5 a reviewer who was seen more than a day ago ends nothing', async () => {
  await holds('db/read');
  await noteStandings(flow.deps);
  flow.silent.add('U0CHLOE');
  flow.clock.advance(24 * HOUR + 1);
  expect(await ends('U0CHLOE', 'db/read')).toBe('person_refused');
});

test('K9.5 a reviewer whom the policy no longer names ends nothing', async () => {
  await holds('db/read');
  await noteStandings(flow.deps);
  flow.silent.add('U0CHLOE');
  flow.reload((source) => source.replace('reviewers: [S0LEADS]', 'reviewers: [U0DEV]'));
  expect(await ends('U0CHLOE', 'db/read')).toBe('person_refused');
});

test('K9.5 a reviewer who has left the group ends nothing once that was seen', async () => {
  await holds('db/read');
  await noteStandings(flow.deps);
  flow.groups.set('S0LEADS', ['U0BEN']);
  await noteStandings(flow.deps);
  flow.silent.add('U0CHLOE');
  expect(await ends('U0CHLOE', 'db/read')).toBe('person_refused');
});
