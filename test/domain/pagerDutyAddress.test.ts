import { expect, test } from 'vitest';
import { namedAtPagerDuty, pagerDutyAddress, pagerDutyMistakes } from '../../src/domain/accounts.ts';

const person = (slackId: string, email: string) => ({ slackId, name: slackId, email });
const names = (table: Record<string, string>, samePerson: string[][] = []) => ({
  identities: new Map(Object.entries(table).map(([id, pagerduty]) => [id, { pagerduty }])),
  samePerson,
});

test('identities name somebody at PagerDuty, and Slack names everybody else', () => {
  const table = names({ U0ANA: 'A.Kovac@Pager.example' });
  expect(pagerDutyAddress(person('U0ANA', 'ana@harbor.example'), table)).toEqual({
    known: true,
    value: 'a.kovac@pager.example',
  });
  expect(pagerDutyAddress(person('U0BEN', 'ben@harbor.example'), table)).toEqual({
    known: true,
    value: 'ben@harbor.example',
  });
  expect(namedAtPagerDuty('a.KOVAC@pager.example', table.identities)).toEqual(['U0ANA']);
});

test('nobody is on call as somebody else by having their address in Slack', () => {
  const table = { U0ANA: 'ben@harbor.example' };
  expect(pagerDutyAddress(person('U0BEN', 'ben@harbor.example'), names(table))).toMatchObject({
    known: false,
    problem: expect.stringContaining('U0ANA'),
  });
  expect(pagerDutyAddress(person('U0BEN', 'ben@harbor.example'), names(table, [['U0ANA', 'U0BEN']]))).toMatchObject({
    known: true,
  });
});

test('a shared or malformed PagerDuty address is a mistake of the policy', () => {
  expect(pagerDutyMistakes(names({ U0ANA: 'x@y.example', U0BEN: 'X@y.example' }))).toMatchObject([
    { slackId: 'U0BEN', message: expect.stringContaining('U0ANA and U0BEN are both') },
  ]);
  expect(pagerDutyMistakes(names({ U0ANA: 'x@y.example', U0BEN: 'X@y.example' }, [['U0ANA', 'U0BEN']]))).toEqual([]);
  expect(pagerDutyMistakes(names({ U0ANA: 'PANA' }))).toMatchObject([{ slackId: 'U0ANA' }]);
});
