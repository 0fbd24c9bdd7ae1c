/** Issue 16: an address is compared in small letters, and kept as it is written for targets that tell capitals apart. */

import { expect, test } from 'vitest';
import { accountFor } from '../../src/domain/accounts.ts';
import { eachPerson } from '../../src/ledger/book/personalNames.ts';
import { personOf } from '../../src/slack/directory/account.ts';

const account = (email: string) => ({
  id: 'U0ANA',
  team_id: 'T1',
  deleted: false,
  is_bot: false,
  is_restricted: false,
  is_ultra_restricted: false,
  name: 'ana',
  profile: { email },
});

test('somebody with capitals in their address is the same person, and keeps them', () => {
  const small = { slackId: 'U0ANA', name: 'ana', email: 'ana.kovac@harbor.example', timeZone: 'UTC' };
  expect(personOf(account('Ana.Kovac@Harbor.example'), 'T1')).toEqual({
    known: true,
    value: { ...small, writtenEmail: 'Ana.Kovac@Harbor.example' },
  });
  expect(personOf(account('ana.kovac@harbor.example'), 'T1')).toEqual({ known: true, value: small });
});

test('the written address is personal data like the other, and erased like it', () => {
  const person = { slackId: 'U0ANA', name: 'Ana', email: 'ana@x', writtenEmail: 'Ana@X', timeZone: 'UTC' };
  const other = { id: 'T1', name: 'a target', email: 'team@x', writtenEmail: 'Team@X' };
  expect(eachPerson({ person, other }, () => '-')).toEqual({
    person: { slackId: 'U0ANA', name: '-', email: '-', writtenEmail: '-', timeZone: 'UTC' },
    other,
  });
});

test('{email_lower} is the address in small letters, for everybody', () => {
  const asked = (email: string) =>
    accountFor('oidc:{email_lower}', { slackId: 'U0ANA', name: 'Ana', email }, new Map());
  expect([asked('Ana@X.example'), asked("O'Neil+x@X.example")]).toEqual([
    { known: true, value: 'oidc:ana@x.example' },
    { known: true, value: "oidc:o'neil+x@x.example" },
  ]);
});
