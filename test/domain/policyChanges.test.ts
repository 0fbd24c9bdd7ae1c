import { expect, test } from 'vitest';
import { policyChanges } from '../../src/domain/policyChanges.ts';
import { aPolicy } from '../support/domain.ts';

test('somebody who is somebody else at a target from now on is a change that whoever reloads the file sees', () => {
  const withNames = (identities: Record<string, Record<string, string>>) => ({
    ...aPolicy(),
    identities: new Map(Object.entries(identities)),
  });
  const before = withNames({ U0ANA: { github: 'ana-k' }, U0BEN: { github: 'ben-o' } });
  const after = withNames({ U0ANA: { github: 'eve' }, U0BEN: { github: 'ben-o' }, U0DEV: { github: 'dev' } });
  expect(policyChanges(before, after)).toEqual([
    'what U0ANA is called at targets: {"github":"ana-k"} → {"github":"eve"}',
    'what U0DEV is called at targets: none → {"github":"dev"}',
  ]);
});
