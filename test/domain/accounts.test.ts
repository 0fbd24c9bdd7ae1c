/** What people are called elsewhere, and who may be taken for whom. */

import { describe, expect, test } from 'vitest';
import {
  accountFor,
  foreignAddress,
  isSameAccount,
  namedAtPagerDuty,
  namesWanted,
  pagerDutyAddress,
  pagerDutyMistakes,
  sharedInTable,
  usesEmailName,
} from '../../src/domain/accounts.ts';

const ana = { slackId: 'U0ANA', name: 'Ana', email: 'Ana.K@Harbor.example' };
const table = (names: Record<string, Record<string, string>>) => new Map(Object.entries(names));

describe('an account name at a target', () => {
  test.each([
    ['{email}', 'Ana.K@Harbor.example'],
    ['{email_lower}', 'ana.k@harbor.example'],
    ['{email_name}', 'Ana.K'],
    ['{slack_id}', 'U0ANA'],
    ['jit-{github}', 'jit-ana-k'],
    ['{github}/{email_name}/{github}', 'ana-k/Ana.K/ana-k'],
    ['everybody', 'everybody'],
    ['{Github}', '{Github}'],
  ])('by %s is %s', (template, value) => {
    expect(accountFor(template, ana, table({ U0ANA: { github: 'ana-k' } }))).toEqual({ known: true, value });
  });

  test('is unknown if identities lacks it, and the message names what is missing', () => {
    const names = table({ U0BEN: { github: 'ben', login: 'b' }, U0ANA: { github: 'ana-k', login: '' } });
    expect(accountFor('{github}.{login}', ana, names)).toEqual({
      known: false,
      problem: 'it is not known what Ana is called there: add login for U0ANA under identities in the policy file',
    });
    expect(accountFor('{github}', { ...ana, slackId: 'U0EVE' }, names)).toMatchObject({ known: false });
  });

  test('takes from identities only what nothing else says', () => {
    expect(namesWanted('{email}-{github}-{slack_id}-{team_2}')).toEqual(['github', 'team_2']);
    expect(namesWanted('{email_lower}{email_name}')).toEqual([]);
    expect(usesEmailName('x-{email_name}')).toBe(true);
    expect(usesEmailName('{email}')).toBe(false);
  });
});

describe('an address at a foreign domain', () => {
  test('does not determine the account name, and the reason says so', () => {
    expect(foreignAddress('{email_name}', ana, ['pier.example', 'dock.example'])).toBe(
      'what Ana is called there cannot be told from an address at harbor.example, only from one at pier.example, dock.example (email_domains in the policy file)',
    );
    expect(foreignAddress('{email_name}', { ...ana, email: 'erased' }, ['pier.example'])).toContain(
      'an address without a domain',
    );
  });

  test.each([
    ['one of the domains, whatever its capitals', '{email_name}', ['pier.example', 'harbor.example']],
    ['a template that goes by the whole address', '{email}', ['pier.example']],
    ['a policy that names no domain', '{email_name}', []],
  ])('is no obstacle with %s', (_name, template, domains) => {
    expect(foreignAddress(template, ana, domains)).toBeNull();
  });
});

test.each([
  ['Ana', 'ana', true],
  [' ana ', 'ana', true],
  ['ＡNA', 'ana', true],
  ['ana', 'anna', false],
  ['ssh-ed25519 AAAA ana@laptop', ' ssh-ed25519   AAAA ben@desk ', true],
  ['ssh-ed25519 AAAA', 'ssh-ed25519 AAAA ana', true],
  ['ssh-ed25519 AAAA', 'ssh-ed25519 aaaa', false],
  ['ssh-ed25519 AAAA', 'ssh-rsa AAAA', false],
  ['ssh-ed25519 AAAAx', 'ssh-ed25519 AAAAy', false],
  ['ana at ssh-host one', 'ben at ssh-host one', false],
  ['ecdsa-sha2-nistp256 AAAA x', 'ecdsa-sha2-nistp256 AAAA y', true],
  ['sk-ssh-ed25519@openssh.com AAAA x', 'sk-ssh-ed25519@openssh.com AAAA y', true],
])('"%s" and "%s" may be the same account at a target: %s', (a, b, same) => {
  expect(isSameAccount(a, b)).toBe(same);
  expect(isSameAccount(b, a)).toBe(same);
});

describe('two people with one account in the table', () => {
  const shared = table({
    U0ANA: { github: 'x' },
    U0BEN: { github: 'ben' },
    U0EVE: { github: 'X' },
    U0DEV: { okta: 'x' },
  });
  test('are found, the earlier first', () => {
    expect(sharedInTable('{github}', shared, [])).toEqual({ ids: ['U0ANA', 'U0EVE'], account: 'X' });
  });

  test.each(['{email}', '{email_lower}', '{email_name}', '{slack_id}'])(
    'are not found if %s tells them apart',
    (also) => {
      expect(sharedInTable(`{github}${also}`, shared, [])).toBeNull();
    },
  );

  test('are not found if they are one human, named differently, or not named there', () => {
    expect(sharedInTable('{github}', shared, [['U0EVE', 'U0ANA']])).toBeNull();
    expect(sharedInTable('{github}', shared, [['U0EVE', 'U0BEN']])).toMatchObject({ ids: ['U0ANA', 'U0EVE'] });
    expect(sharedInTable('{github}', table({ U0ANA: { github: 'a' }, U0BEN: { github: 'b' } }), [])).toBeNull();
    expect(sharedInTable('{login}', shared, [])).toBeNull();
    expect(sharedInTable('{github}', new Map(), [])).toBeNull();
  });

  test('are everybody if the template is the same for all', () => {
    expect(sharedInTable('root', table({ U0ANA: {}, U0BEN: {} }), [])).toEqual({
      ids: ['U0ANA', 'U0BEN'],
      account: 'root',
    });
  });
});

describe('an address at PagerDuty', () => {
  const names = (identities: Record<string, Record<string, string>>, samePerson: string[][] = []) => ({
    identities: table(identities),
    samePerson,
  });

  test('belongs to all who are named with it, and to nobody who is named otherwise', () => {
    const { identities } = names({
      U0ANA: { pagerduty: 'Ops@x' },
      U0BEN: { pagerduty: 'ops@X' },
      U0EVE: { github: 'ops@x' },
      U0DEV: { pagerduty: 'dev@x' },
    });
    expect(namedAtPagerDuty('OPS@x', identities)).toEqual(['U0ANA', 'U0BEN']);
  });

  test('that the table gives to others is not theirs, whichever of several it is', () => {
    const taken = names(
      { U0BEN: { pagerduty: 'ana.k@harbor.example' }, U0EVE: { pagerduty: 'ANA.K@harbor.example' } },
      [['U0BEN', 'U0ANA']],
    );
    expect(pagerDutyAddress(ana, taken)).toEqual({
      known: false,
      problem: 'the policy file says under identities that Ana.K@Harbor.example is U0EVE at PagerDuty',
    });
    expect(pagerDutyAddress(ana, names({ U0ANA: { github: 'x' } }))).toEqual({
      known: true,
      value: 'ana.k@harbor.example',
    });
  });

  test.each(['ana', 'a b@x', 'ana@', '@x', 'ana@x@y', ' ana@x'])('cannot be "%s"', (pagerduty) => {
    expect(pagerDutyMistakes(names({ U0ANA: { pagerduty } }))).toEqual([
      { slackId: 'U0ANA', message: `expected the e-mail address of U0ANA at PagerDuty, not "${pagerduty}"` },
    ]);
  });

  test('shared by two people is reported once, by three twice', () => {
    const three = names({ U3: { pagerduty: 'x@y' }, U1: { pagerduty: 'X@y' }, U2: { pagerduty: 'x@y' }, U4: {} });
    expect(pagerDutyMistakes(three).map(({ slackId, message }) => [slackId, message.split(' at ')[0]])).toEqual([
      ['U3', 'U1 and U3 are both "x@y"'],
      ['U2', 'U1 and U2 are both "x@y"'],
    ]);
    expect(pagerDutyMistakes(names({ U1: { pagerduty: 'ana@y' } }))).toEqual([]);
    expect(
      pagerDutyMistakes(names({ U1: { pagerduty: 'x@y' }, U2: { pagerduty: 'z@y' }, U0: { github: 'x@y' } })),
    ).toEqual([]);
  });
});
