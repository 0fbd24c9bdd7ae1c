/** Who is who, by what Slack says: whoever is not certainly an active, full, human member takes no part. */

import { beforeEach, describe, expect, test } from 'vitest';
import { HOUR, type Known, known, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { leftBecause, personOf, readAccount } from '../../src/slack/directory/account.ts';
import { createDirectory, type SlackDirectory } from '../../src/slack/directory/directory.ts';
import { WebAPIRateLimitedError } from '../../src/slack/link/clients.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';
import { failing, refusedBySlack, SaidClient } from '../support/slackClient.ts';

const TEAM = 'T0HARBOR';
const account = (change: object = {}) => ({
  id: 'U0ANA',
  team_id: TEAM,
  deleted: false,
  is_bot: false,
  is_restricted: false,
  is_ultra_restricted: false,
  tz: 'Europe/Berlin',
  name: 'ana',
  profile: { email: 'ana@harbor.example', display_name: 'Ana', real_name: 'Ana Kovač' },
  ...change,
});
const read = (change: object = {}) => {
  const said = readAccount(account(change), 'U0ANA');
  if (!said.known) throw new Error(said.problem);
  return said.value;
};
const problem = (answer: Known<unknown>) => (answer.known ? 'none' : answer.problem);
const ANA = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'Europe/Berlin' };

let clock: ManualClock;
let log: RecordedLog;
let client: SaidClient;
let directory: SlackDirectory;
beforeEach(() => {
  clock = manualClock();
  log = recordedLog();
  client = new SaidClient();
  client.says('auth.test', { team_id: TEAM });
  client.says('users.info', ({ user }) => ({ user: account({ id: user }) }));
  client.says('users.lookupByEmail', { user: account() });
  directory = createDirectory(client, { clock, log });
});

describe('an account', () => {
  test.each<[string, object, string | null]>([
    ['an active, full member', {}, null],
    ['deactivated', { deleted: true }, 'the Slack account was deactivated'],
    ['a guest', { is_restricted: true }, 'guest'],
    ['a guest of one channel', { is_ultra_restricted: true }, 'guest'],
    ['a stranger', { is_stranger: true }, 'another workspace'],
    ['of another workspace', { team_id: 'T0OTHER' }, 'another workspace'],
    ['of another workspace of the grid', { team_id: 'T0OTHER', enterprise_user: { teams: [TEAM] } }, null],
    ['of the grid, without a workspace of its own', { team_id: null, enterprise_user: { teams: ['T0X', TEAM] } }, null],
    ['of the grid, and not here', { team_id: 'T0OTHER', enterprise_user: { teams: ['T0X'] } }, 'another workspace'],
    ['deactivated and odd otherwise', { deleted: true, is_restricted: 'no', team_id: 7 }, 'deactivated'],
    ['a guest whose other marks are missing', { is_restricted: true, deleted: undefined }, 'guest'],
  ])('that is %s', (_name, change, because) => {
    expect(leftBecause(read(change), TEAM)).toEqual(
      known(because === null ? null : expect.objectContaining({ because: expect.stringContaining(because) })),
    );
  });

  test.each<[string, object]>([
    ['whether it is deactivated', { deleted: undefined }],
    ['whether it is a guest’s', { is_restricted: null }],
    ['whether it is a guest’s of one channel', { is_ultra_restricted: 'no' }],
    ['where it belongs', { team_id: null }],
    ['where it belongs, though somewhere in the grid', { team_id: undefined, enterprise_user: { teams: ['T0X'] } }],
  ])('of which Slack does not say %s is unknown', (_name, change) => {
    expect(problem(leftBecause(read(change), TEAM))).toContain('not understood');
    expect(problem(personOf(read(change), TEAM))).toContain('not understood');
  });

  test.each<[string, object, string]>([
    ['deactivated', { deleted: true }, 'this account is deactivated'],
    ['a guest', { is_restricted: true }, 'guests cannot take part'],
    ['of another workspace', { team_id: 'T0OTHER' }, 'other workspaces'],
    ['a bot', { is_bot: true }, 'this is a bot'],
    ['a workflow', { is_workflow_bot: true }, 'this is a bot'],
    ['a deactivated bot', { is_bot: true, deleted: true }, 'deactivated'],
    ['a bot of which little is said', { is_bot: true, is_restricted: null }, 'this is a bot'],
    ['of which it is not said whether it is a bot', { is_bot: null }, 'not understood'],
    ['without a profile', { profile: null }, 'no e-mail address'],
    ['without an address', { profile: { display_name: 'Ana' } }, 'no e-mail address'],
    ['with an empty address', { profile: { email: '' } }, 'no e-mail address'],
  ])('that is %s may not take part', (_name, change, said) => {
    expect(problem(personOf(read(change), TEAM))).toContain(said);
  });

  test('of Slackbot is a bot’s, whatever Slack says of it', () => {
    const slackbot = readAccount(account({ id: 'USLACKBOT' }), 'USLACKBOT');
    expect(slackbot.known && problem(personOf(slackbot.value, TEAM))).toContain('this is a bot');
  });

  const profile = (change: object) => ({ profile: { email: 'ana@harbor.example', ...change } });
  test.each<[string, object, object]>([
    ['by the name that it shows', {}, { name: 'Ana' }],
    ['by its real name', profile({ display_name: '', real_name: 'Ana Kovač' }), { name: 'Ana Kovač' }],
    ['by the real name beside the profile', { ...profile({}), real_name: 'Ana K' }, { name: 'Ana K' }],
    ['by its handle', profile({ display_name: ' \u200b ', real_name: null }), { name: 'ana' }],
    ['by its id where it has no name', { ...profile({}), name: '' }, { name: 'U0ANA' }],
    ['by a name without marks that nobody sees', profile({ display_name: ' An\u202ea ' }), { name: 'Ana' }],
    [
      'by its address in lower case',
      { profile: { email: 'Ana@Harbor.example' } },
      { email: 'ana@harbor.example', writtenEmail: 'Ana@Harbor.example' },
    ],
    ['in its time zone', {}, { timeZone: 'Europe/Berlin' }],
    ['in UTC where its time zone is none', { tz: 'Mars/Olympus' }, { timeZone: 'UTC' }],
    ['in UTC where it has no time zone', { tz: null }, { timeZone: 'UTC' }],
  ])('is known %s', (_name, change, expected) => {
    expect(personOf(read(change), TEAM)).toMatchObject(known(expected));
  });

  test('whose address is in lower case has no other spelling', () => {
    expect(personOf(read(), TEAM)).toEqual(known(ANA));
  });

  test('that Slack describes in another form, or that is somebody else’s, is unknown', () => {
    for (const said of [null, 'U0ANA', {}, account({ id: '' })])
      expect(problem(readAccount(said, 'U0ANA'))).toContain('not understood');
    expect(problem(readAccount(account({ id: 'U0EVE' }), 'U0ANA'))).toContain('somebody else');
    expect(readAccount(account({ id: 'U0EVE' }), null)).toMatchObject(known({ id: 'U0EVE' }));
  });
});

describe('looking somebody up', () => {
  test('asks about that account, and once which workspace this is', async () => {
    expect(await directory.person('U0ANA')).toEqual(known(ANA));
    expect(await directory.person('U0BEN')).toMatchObject(known({ slackId: 'U0BEN' }));
    expect(client.sent.filter(({ method }) => method === 'users.info').map(({ asked }) => asked)).toEqual([
      { user: 'U0ANA' },
      { user: 'U0BEN' },
    ]);
    expect(client.count('auth.test')).toBe(1);
  });

  test('is done afresh each time', async () => {
    await directory.person('U0ANA');
    client.says('users.info', { user: account({ deleted: true }) });
    expect(problem(await directory.person('U0ANA'))).toContain('deactivated');
  });

  test('gives nobody if Slack answers about somebody else', async () => {
    client.says('users.info', { user: account({ id: 'U0EVE' }) });
    expect(problem(await directory.person('U0ANA'))).toContain('somebody else');
    expect(problem(await directory.hasLeft('U0ANA'))).toContain('somebody else');
  });

  test.each(['user_not_found', 'users_not_found', 'user_not_visible'])('of whom Slack says %s', async (code) => {
    client.says('users.info', failing(refusedBySlack(code)));
    expect(problem(await directory.person('U0ANA'))).toBe('Slack does not know this person');
    expect(await directory.hasLeft('U0ANA')).toEqual(known('Slack no longer knows the account'));
  });

  test.each([
    ['a refusal', refusedBySlack('missing_scope')],
    ['silence', new Error('socket hang up')],
  ])('that ends in %s says nothing of them', async (_name, error) => {
    client.says('users.info', failing(error));
    expect(problem(await directory.person('U0ANA'))).toContain('could not be looked up');
    expect((await directory.hasLeft('U0ANA')).known).toBe(false);
  });

  test('needs to know which workspace this is, and asks again until it does', async () => {
    client.says('auth.test', {});
    expect(problem(await directory.person('U0ANA'))).toContain('which workspace');
    expect((await directory.hasLeft('U0ANA')).known).toBe(false);
    expect(client.count('users.info')).toBe(0);
    client.says('auth.test', { team_id: TEAM });
    expect((await directory.person('U0ANA')).known).toBe(true);
  });

  test('tells who has left, who has not, and of whom it is unknown', async () => {
    expect(await directory.hasLeft('U0ANA')).toEqual(known(null));
    client.says('users.info', { user: account({ deleted: true }) });
    expect(await directory.hasLeft('U0ANA')).toEqual(known('the Slack account was deactivated'));
    client.says('users.info', { user: account({ deleted: null }) });
    expect((await directory.hasLeft('U0ANA')).known).toBe(false);
  });

  test('by address finds somebody with exactly that one, in any case', async () => {
    expect(await directory.personByEmail('Ana@harbor.example')).toEqual(known(ANA));
    expect(client.sent.at(-1)).toEqual({ method: 'users.lookupByEmail', asked: { email: 'Ana@harbor.example' } });
    expect(problem(await directory.personByEmail('eve@harbor.example'))).toContain('somebody else');
    client.says('users.lookupByEmail', failing(refusedBySlack('users_not_found')));
    expect(problem(await directory.personByEmail('ana@harbor.example'))).toContain('does not know');
  });
});

describe('whether somebody is awake', () => {
  const seconds = (at: number) => at / SECOND;
  const quiet = { dnd_enabled: false };
  const awake = (dnd: object, timeZone = 'UTC') => {
    client.says('dnd.info', dnd);
    return directory.isAwake({ ...ANA, timeZone });
  };
  const now = () => seconds(clock.now());

  test.each<[string, number, boolean]>([
    ['07:59:59', 7 * HOUR + 59 * MINUTE + 59 * SECOND, false],
    ['08:00', 8 * HOUR, true],
    ['21:59', 21 * HOUR + 59 * MINUTE, true],
    ['22:00', 22 * HOUR, false],
    ['00:00', 0, false],
  ])('at %s where they are', async (_time, sinceMidnight, expected) => {
    clock = manualClock(Date.UTC(2026, 0, 15) + sinceMidnight);
    directory = createDirectory(client, { clock, log });
    expect(await awake(quiet)).toEqual(known(expected));
  });

  test('goes by their own clock, not ours', async () => {
    expect(await awake(quiet, 'America/Los_Angeles')).toEqual(known(false));
    expect(await awake(quiet, 'Europe/Berlin')).toEqual(known(true));
    expect(client.sent.at(-1)?.asked).toEqual({ user: 'U0ANA' });
  });

  test.each<[string, (now: number) => object, boolean]>([
    [
      'a quiet time that began now',
      (at) => ({ dnd_enabled: true, next_dnd_start_ts: at, next_dnd_end_ts: at + 1 }),
      false,
    ],
    [
      'a quiet time that ends now',
      (at) => ({ dnd_enabled: true, next_dnd_start_ts: at - 1, next_dnd_end_ts: at }),
      true,
    ],
    [
      'a quiet time that begins in a second',
      (at) => ({ dnd_enabled: true, next_dnd_start_ts: at + 1, next_dnd_end_ts: at + 9 }),
      true,
    ],
    [
      'a quiet time that is switched off',
      (at) => ({ dnd_enabled: false, next_dnd_start_ts: at - 1, next_dnd_end_ts: at + 9 }),
      true,
    ],
    ['paused notifications', (at) => ({ dnd_enabled: false, snooze_enabled: true, snooze_endtime: at + 1 }), false],
    ['a pause that ends now', (at) => ({ dnd_enabled: false, snooze_enabled: true, snooze_endtime: at }), true],
    [
      'a pause that is switched off',
      (at) => ({ dnd_enabled: false, snooze_enabled: false, snooze_endtime: at + 9 }),
      true,
    ],
    ['a quiet time without a word on when', () => ({ dnd_enabled: true }), true],
  ])('during %s', async (_name, dnd, expected) => {
    expect(await awake(dnd(now()))).toEqual(known(expected));
  });

  test('is unknown if Slack does not say', async () => {
    expect(problem(await awake({}))).toContain('not understood');
    client.says('dnd.info', failing(new Error('down')));
    expect(problem(await directory.isAwake(ANA))).toContain('could not be looked up');
  });
});

describe('the members of a user group', () => {
  const GROUP = 'S0PAY';
  const members = async (purpose: 'decision' | 'preview' | 'check' = 'decision', group = GROUP) => {
    const answer = (await directory.members([group], purpose)).get(group);
    if (!answer) throw new Error('no answer about the group');
    return answer;
  };
  const says = (...users: string[]) => client.says('usergroups.users.list', { users });
  const asked = () => client.count('usergroups.users.list');
  const limited = () => client.says('usergroups.users.list', failing(new WebAPIRateLimitedError(30)));
  beforeEach(() => says('U0ANA', 'W0BEN'));

  test('are those that Slack names, of each group that is asked about', async () => {
    client.says('usergroups.users.list', ({ usergroup }) => ({ users: usergroup === GROUP ? ['U0ANA'] : ['U0EVE'] }));
    expect(await directory.members([GROUP, 'S0SEC'], 'decision')).toEqual(
      new Map([
        [GROUP, known(new Set(['U0ANA']))],
        ['S0SEC', known(new Set(['U0EVE']))],
      ]),
    );
  });

  test.each<[string, object]>([
    ['no members', {}],
    ['members that are none', { users: ['U0ANA', 'B0BOT'] }],
    ['members of another form', { users: [{ id: 'U0ANA' }] }],
    ['more to come', { users: ['U0ANA'], response_metadata: { next_cursor: 'x' } }],
    ['that it is not so', { ok: false, users: ['U0ANA'] }],
  ])('are unknown if Slack answers with %s', async (_name, answer) => {
    client.says('usergroups.users.list', answer);
    expect(problem(await members())).toContain('not understood');
    expect(log.lines).toMatchObject([{ level: 'warn', facts: { groupId: GROUP } }]);
  });

  test.each([{ response_metadata: { next_cursor: '' } }, { response_metadata: {} }, { response_metadata: null }])(
    'are all of them with %j',
    async (more) => {
      client.says('usergroups.users.list', { users: ['U0ANA'], ...more });
      expect(await members()).toEqual(known(new Set(['U0ANA'])));
    },
  );

  const list = (...groups: [string, number][]) =>
    client.says('usergroups.list', { usergroups: groups.map(([id, date_delete]) => ({ id, date_delete })) });

  test('are none in an empty group, and unknown in a disabled or missing one', async () => {
    says();
    list([GROUP, 0], ['S0OFF', 1_700_000_000]);
    expect(await members()).toEqual(known(new Set()));
    expect(problem(await members('decision', 'S0OFF'))).toContain('switched off');
    expect(problem(await members('decision', 'S0NONE'))).toContain('switched off');
    expect(client.sent.find(({ method }) => method === 'usergroups.list')?.asked).toEqual({ include_disabled: true });
  });

  test('of several empty groups cost one question, on which are enabled, for a minute', async () => {
    says();
    list([GROUP, 0], ['S0SEC', 0]);
    await members();
    clock.advance(MINUTE);
    await members('decision', 'S0SEC');
    expect(client.count('usergroups.list')).toBe(1);
    clock.advance(1);
    await members();
    expect(client.count('usergroups.list')).toBe(2);
    directory.forgetGroup('S0OTHER');
    await members();
    expect(client.count('usergroups.list')).toBe(3);
  });

  test('are unknown if the list of groups is not understood', async () => {
    says();
    client.says('usergroups.list', { usergroups: [{ id: GROUP }] });
    expect(problem(await members())).toContain('not understood');
    client.says('usergroups.list', failing(new Error('down')));
    expect(problem(await members())).toContain('could not be read');
  });

  test('are asked again for a decision or check, and up to a minute old in a preview', async () => {
    await members('preview');
    says('U0EVE');
    clock.advance(MINUTE);
    expect(await members('preview')).toEqual(known(new Set(['U0ANA', 'W0BEN'])));
    expect(await members('check')).toEqual(known(new Set(['U0EVE'])));
    says('U0DEV');
    expect(await members('decision')).toEqual(known(new Set(['U0DEV'])));
    says('U0ANA');
    clock.advance(MINUTE + 1);
    expect(await members('preview')).toEqual(known(new Set(['U0ANA'])));
  });

  test('of a changed group are asked again, and those of others are not', async () => {
    await members('preview');
    await members('preview', 'S0SEC');
    directory.forgetGroup(GROUP);
    await members('preview');
    await members('preview', 'S0SEC');
    expect(asked()).toBe(3);
  });

  test('are asked for once by everybody who asks at the same time', async () => {
    await Promise.all([members(), members(), members('check')]);
    expect(asked()).toBe(1);
    await members();
    expect(asked()).toBe(2);
  });

  test('under a minute old serve a decision while the rate limit is used up', async () => {
    await members();
    limited();
    clock.advance(MINUTE);
    expect(await members()).toEqual(known(new Set(['U0ANA', 'W0BEN'])));
    expect(log.lines).toEqual([]);
  });

  test('that are older are waited for', async () => {
    await members();
    clock.advance(MINUTE + 1);
    limited();
    const waiting = members();
    await new Promise((resolve) => setImmediate(resolve));
    says('U0EVE');
    clock.advance(30 * SECOND);
    expect(await waiting).toEqual(known(new Set(['U0EVE'])));
  });

  test('that changed meanwhile are not used', async () => {
    await members();
    directory.forgetGroup(GROUP);
    client.says('usergroups.users.list', failing(new WebAPIRateLimitedError(3_600)));
    expect(problem(await members())).toContain('rate limit');
  });

  test('of a moment ago are not used if Slack fails otherwise', async () => {
    await members();
    client.says('usergroups.users.list', failing(new Error('down')));
    expect(problem(await members())).toContain('could not be read');
    expect(log.lines).toMatchObject([{ level: 'warn', message: 'cannot read a user group' }]);
  });

  test('of a group that there is not is the policy’s mistake', async () => {
    client.says('usergroups.users.list', failing(refusedBySlack('no_such_subteam')));
    expect(problem(await members())).toContain('an administrator has to correct the policy');
    client.says('usergroups.users.list', failing(refusedBySlack('missing_scope')));
    expect(problem(await members())).toContain('could not be read');
  });
});

describe('names', () => {
  beforeEach(() => {
    client.says('usergroups.list', {
      usergroups: [{ id: 'S0PAY', handle: 'payments' }, { id: 'S0SEC', handle: 'sec' }, { id: 'S0BARE' }],
    });
    client.says('users.info', ({ user }) =>
      user === 'U0GONE'
        ? { user: null }
        : { user: account({ id: user, profile: { email: 'x@y.example', display_name: `Name of ${user}` } }) },
    );
  });

  test('are those of people and of groups, and of nobody else', async () => {
    expect(await directory.names(['U0ANA', 'S0PAY', 'S0BARE', 'S0NONE', 'U0GONE'])).toEqual(
      new Map([
        ['U0ANA', 'Name of U0ANA'],
        ['S0PAY', '@payments'],
      ]),
    );
    expect(client.sent.filter(({ method }) => method === 'users.info').map(({ asked }) => asked.user)).toEqual([
      'U0ANA',
      'U0GONE',
    ]);
    expect(client.sent.find(({ method }) => method === 'usergroups.list')?.asked).toEqual({ include_disabled: true });
  });

  test('serve for an hour, each by itself', async () => {
    await directory.names(['U0ANA', 'S0PAY']);
    clock.advance(HOUR);
    await directory.names(['U0ANA', 'S0PAY', 'S0SEC', 'U0BEN']);
    expect([client.count('users.info'), client.count('usergroups.list')]).toEqual([2, 1]);
    clock.advance(1);
    await directory.names(['U0ANA', 'S0PAY', 'U0BEN']);
    expect([client.count('users.info'), client.count('usergroups.list')]).toEqual([3, 2]);
  });

  test('of people need no list of groups, and of groups nobody looked up', async () => {
    await directory.names(['U0ANA']);
    expect(client.count('usergroups.list')).toBe(0);
    await directory.names(['S0PAY']);
    expect(client.count('users.info')).toBe(1);
  });

  test('that cannot be read are left out, and old ones still serve', async () => {
    await directory.names(['S0PAY']);
    clock.advance(2 * HOUR);
    client.says('usergroups.list', failing(refusedBySlack('missing_scope')));
    expect(await directory.names(['S0PAY', 'S0NONE'])).toEqual(new Map([['S0PAY', '@payments']]));
    expect(log.lines).toMatchObject([{ level: 'warn', message: 'cannot read what user groups are called' }]);
  });
});

describe('everybody', () => {
  const member = (id: string, change: object = {}) => ({
    id,
    name: id.toLowerCase(),
    profile: { email: `${id}@Harbor.example` },
    ...change,
  });
  const ids = async () => {
    const answer = await directory.everybody();
    return answer.known && answer.value.map(({ slackId }) => slackId);
  };

  test('is every full member, also those who left, page by page', async () => {
    client.says('users.list', ({ cursor }) => ({
      members: cursor === 'second' ? [member('U0BEN')] : [member('U0ANA', { deleted: true })],
      response_metadata: { next_cursor: cursor === 'second' ? '' : 'second' },
    }));
    expect(await ids()).toEqual(['U0ANA', 'U0BEN']);
    expect(client.sent.map(({ asked }) => asked)).toEqual([{ limit: 1_000 }, { limit: 1_000, cursor: 'second' }]);
  });

  test.each<[string, object, boolean]>([
    ['a member', {}, true],
    ['a bot', { is_bot: true }, false],
    ['a guest', { is_restricted: true }, false],
    ['a guest of one channel', { is_ultra_restricted: true }, false],
    ['a stranger', { is_stranger: true }, false],
    ['somebody without an address', { profile: {} }, false],
    ['somebody without a profile', { profile: null }, false],
  ])('%s is among them: %#', async (_name, change, isIn) => {
    client.says('users.list', { members: [member('U0ANA', change), member('U0BEN')] });
    expect(await ids()).toEqual(isIn ? ['U0ANA', 'U0BEN'] : ['U0BEN']);
  });

  test('is called by real name, handle or id, at an address in lower case', async () => {
    const members = [
      member('U0ANA', { real_name: ' Ana Kovač ' }),
      member('U0BEN', { real_name: '\u200b' }),
      member('U0EVE', { name: null }),
    ];
    client.says('users.list', { members });
    expect(await directory.everybody()).toEqual(
      known([
        { slackId: 'U0ANA', name: 'Ana Kovač', email: 'u0ana@harbor.example' },
        { slackId: 'U0BEN', name: 'u0ben', email: 'u0ben@harbor.example' },
        { slackId: 'U0EVE', name: 'U0EVE', email: 'u0eve@harbor.example' },
      ]),
    );
  });

  test('is read once in ten minutes, however many ask', async () => {
    client.says('users.list', { members: [member('U0ANA')] });
    await Promise.all([ids(), ids()]);
    clock.advance(10 * MINUTE);
    await ids();
    expect(client.count('users.list')).toBe(1);
    clock.advance(1);
    await ids();
    expect(client.count('users.list')).toBe(2);
  });

  test('is remembered though an older question about it failed later', async () => {
    const late = Promise.withResolvers<object>();
    client.says('users.list', () => late.promise);
    const first = directory.everybody();
    clock.advance(10 * MINUTE + 1);
    client.says('users.list', { members: [member('U0ANA')] });
    await ids();
    late.reject(new Error('down'));
    expect((await first).known).toBe(false);
    expect(await ids()).toEqual(['U0ANA']);
    expect(client.count('users.list')).toBe(2);
  });

  test('is unknown if Slack fails, answers oddly or never ends, and is asked again', async () => {
    client.says('users.list', failing(new Error('down')));
    expect(problem(await directory.everybody())).toContain('could not be looked up');
    client.says('users.list', { members: [{ name: 'x' }] });
    expect(problem(await directory.everybody())).toContain('not understood');
    client.says('users.list', { members: [], response_metadata: { next_cursor: 'again' } });
    expect(problem(await directory.everybody())).toContain('more members');
    expect(client.count('users.list')).toBe(502);
    client.says('users.list', { members: [member('U0ANA')], response_metadata: { next_cursor: null } });
    expect(await ids()).toEqual(['U0ANA']);
  });
});

describe('whose mailbox an address is', () => {
  const nobody = () => client.says('users.lookupByEmail', failing(refusedBySlack('users_not_found')));
  const listed = (...members: object[]) => client.says('users.list', { members });

  test.each<[string, object]>([
    ['a member', {}],
    ['a guest', { is_restricted: true }],
    ['a guest of one channel', { is_ultra_restricted: true }],
    ['a bot', { is_bot: true }],
    ['somebody of another workspace', { team_id: 'T0OTHER', is_stranger: true }],
    ['somebody without an address that is shown', { profile: { display_name: 'Ana' } }],
  ])('%s is found by it, now', async (_what, change) => {
    client.says('users.lookupByEmail', { user: account(change) });
    expect(await directory.mailboxOwner('ana@harbor.example')).toMatchObject(known({ slackId: 'U0ANA' }));
    nobody();
    listed();
    expect(await directory.mailboxOwner('ana@harbor.example')).toEqual(known(null));
  });

  test('the mailbox is asked for, too', async () => {
    client.says('users.lookupByEmail', ({ email }) => {
      if (email !== 'ana@harbor.example') throw refusedBySlack('users_not_found');
      return { user: account() };
    });
    expect(await directory.mailboxOwner('Ana+canary@harbor.example')).toMatchObject(known({ slackId: 'U0ANA' }));
  });

  test.each<[string, object]>([
    ['a member’s', {}],
    ['a guest’s', { is_restricted: true }],
    ['a bot’s', { is_bot: true }],
    ['a deactivated account’s', { deleted: true }],
  ])('another address of it that is %s counts', async (_what, change) => {
    nobody();
    listed(
      { id: 'U0EVE', profile: { email: 'eve@harbor.example' } },
      { id: 'U0BEN', name: 'ben', profile: { email: 'Ben+desk@harbor.example' }, ...change },
    );
    expect(await directory.mailboxOwner('ben@harbor.example')).toMatchObject(known({ slackId: 'U0BEN', name: 'ben' }));
  });

  test.each(['user_not_visible', 'missing_scope', 'internal_error'])(
    'is not known where Slack says %s',
    async (code) => {
      client.says('users.lookupByEmail', failing(refusedBySlack(code)));
      listed();
      expect((await directory.mailboxOwner('ben@harbor.example')).known).toBe(false);
    },
  );

  test('is not known where Slack answers oddly or does not list its accounts', async () => {
    client.says('users.lookupByEmail', { user: { name: 'x' } });
    expect((await directory.mailboxOwner('ben@harbor.example')).known).toBe(false);
    nobody();
    client.says('users.list', failing(new Error('down')));
    expect((await directory.mailboxOwner('ben@harbor.example')).known).toBe(false);
  });
});

test('when the bot stops, nobody goes on waiting in line', async () => {
  const ending = new AbortController();
  directory = createDirectory(client, { clock, log, ending: ending.signal });
  client.says('users.info', failing(new WebAPIRateLimitedError(60)));
  const waiting = directory.person('U0ANA');
  await new Promise((resolve) => setImmediate(resolve));
  ending.abort();
  expect(problem(await waiting)).toContain('could not be looked up');
});
