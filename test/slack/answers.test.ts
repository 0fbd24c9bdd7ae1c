/** What Slack answers decides who may do what. An answer that is none gives nobody anything, and takes no rule away. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Condition, Role, Rule } from '../../src/domain/policy.ts';
import { HOUR, type Known, known } from '../../src/domain/terms.ts';
import { areAmong, checkAdmin } from '../../src/lifecycle/people/eligibility.ts';
import { type SlackSandbox, startSlack } from '../../src/sandbox/slack/server.ts';
import { WORKSPACE } from '../../src/sandbox/team.ts';
import { createDirectory, type SlackDirectory } from '../../src/slack/directory/directory.ts';
import { createClients } from '../../src/slack/link/clients.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { aPolicy, aRole } from '../support/domain.ts';
import { recordedLog } from '../support/log.ts';
import { BOT_SCOPES } from '../support/scopes.ts';

const GROUP = 'S0DBA';
const MEMBER = 'U0EVE';
const TOKENS = { bot: 'xoxb-1', app: 'xapp-1', signingSecret: 'secret' };
let slack: SlackSandbox;
let clock: ManualClock;
let directory: SlackDirectory;

beforeAll(async () => {
  clock = manualClock();
  slack = await startSlack({ data: WORKSPACE, now: clock.now, tokens: TOKENS, scopes: BOT_SCOPES, limited: false });
});
afterAll(() => slack.close());
beforeEach(() => {
  const log = recordedLog();
  const { interactive } = createClients({ token: TOKENS.bot, apiUrl: slack.apiUrl, log });
  directory = createDirectory(interactive, { clock, log });
});
afterEach(() => slack.faults.clear());

const says = (match: string, answer: unknown) => slack.faults.add({ kind: 'says', match, says: answer });

const inGroup: Condition = [{ kind: 'members_of', principals: [GROUP] }];
const everybody: Rule = { effect: 'allow', when: [{ kind: 'duration', max: HOUR }] };
const asks = (when: Condition): Rule => ({
  effect: 'ask',
  when,
  stages: [{ reviewers: ['U0CHLOE'], needed: 1 }],
  escalate: [],
  expiresAfter: HOUR,
});

async function effectFor(role: Role, personId: string): Promise<string> {
  const members = await directory.members([GROUP], 'decision');
  const groups: Record<string, Known<boolean>> = {};
  for (const [group, answer] of members) groups[group] = answer.known ? known(answer.value.has(personId)) : answer;
  const evidence: Evidence = {
    at: clock.now(),
    onCall: null,
    incident: null,
    groups,
    history: null,
    removals: known([]),
    signals: known([]),
    opa: null,
  };
  return evaluatePolicy(role, { at: clock.now(), personId, duration: HOUR, evidence }).effect;
}

/** Everything that a group decides, each as a question whose answer is no. */
const QUESTIONS: [string, () => Promise<unknown>][] = [
  ['allow', () => effectFor(aRole({ rules: [{ effect: 'allow', when: inGroup }] }), MEMBER)],
  [
    'allow unless',
    () => effectFor(aRole({ rules: [{ effect: 'allow', when: [{ kind: 'unless', condition: inGroup }] }] }), MEMBER),
  ],
  ['deny', () => effectFor(aRole({ rules: [{ effect: 'deny', when: inGroup }, everybody] }), MEMBER)],
  [
    'deny unless',
    () =>
      effectFor(
        aRole({ rules: [{ effect: 'deny', when: [{ kind: 'unless', condition: inGroup }] }, everybody] }),
        MEMBER,
      ),
  ],
  ['ask', () => effectFor(aRole({ rules: [asks(inGroup)] }), MEMBER)],
  [
    'an exception from a freeze',
    () =>
      effectFor(
        aRole({
          rules: [everybody],
          freezes: [{ from: clock.now(), to: clock.now() + HOUR, reason: 'peak', except: [GROUP] }],
        }),
        MEMBER,
      ),
  ],
];

const BROKEN: [string, unknown][] = [
  ['nothing', { ok: true }],
  ['null', { ok: true, users: null }],
  ['a string', { ok: true, users: MEMBER }],
  ['an object', { ok: true, users: { 0: MEMBER } }],
  ['objects', { ok: true, users: [{ id: MEMBER }] }],
  ['numbers', { ok: true, users: [1, 2] }],
  ['a list with null in it', { ok: true, users: ['U0DEV', null] }],
  ['a list with something else in it', { ok: true, users: ['<!channel>'] }],
  ['a list of lists', { ok: true, users: [[MEMBER]] }],
  ['a number', { ok: true, users: 0 }],
  ['another field', { ok: true, members: [MEMBER] }],
  ['a part of it', { ok: true, users: ['U0DEV'], response_metadata: { next_cursor: 'bmV4dA==' } }],
  ['ok that is no yes', { ok: 'yes', users: [] }],
  ['an error', { ok: false, error: 'fatal_error' }],
];

describe.each(BROKEN)('K3.9 a group whose members are %s', (_name, answer) => {
  beforeEach(() => says('usergroups.users.list', answer));

  test.each(QUESTIONS)('gives nothing: %s', async (_question, effect) => {
    expect(await effect()).toBe('deny');
  });

  test('makes nobody a reviewer or an administrator', async () => {
    expect(await areAmong(directory, [GROUP], [MEMBER])).toMatchObject({ known: false });
    expect(await checkAdmin({ directory, policy: { ...aPolicy(), admins: [GROUP] } }, MEMBER)).toMatchObject({
      refused: { code: 'eligibility_unknown' },
    });
  });
});

describe('K3.9 a group with nobody in it', () => {
  const denied = () => effectFor(aRole({ rules: [{ effect: 'deny', when: inGroup }, everybody] }), MEMBER);
  beforeEach(() => says('usergroups.users.list', { ok: true, users: [] }));

  test('that is enabled is empty', async () => {
    expect(await denied()).toBe('allow');
  });

  test.each<[string, unknown]>([
    ['switched off', { ok: true, usergroups: [{ id: GROUP, date_delete: 1_700_000_000 }] }],
    ['not in the list', { ok: true, usergroups: [{ id: 'S0OTHER', date_delete: 0 }] }],
    ['in a list that is none', { ok: true, usergroups: null }],
    ['in no list', { ok: true }],
    ['in a list that says nothing of it', { ok: true, usergroups: [{ id: GROUP }] }],
  ])('that is %s takes no rule away', async (_name, list) => {
    says('usergroups.list', list);
    expect(await denied()).toBe('deny');
  });
});

const EVE = {
  id: MEMBER,
  team_id: 'T0HARBOR',
  deleted: false,
  is_bot: false,
  is_restricted: false,
  is_ultra_restricted: false,
  tz: 'Europe/Stockholm',
  real_name: 'Eve Lindqvist',
  profile: { email: 'eve@harbor.example', display_name: 'Eve' },
};

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a string', MEMBER],
  ['a list', [EVE]],
  ['nothing but an id', { id: MEMBER }],
  ['somebody else', { ...EVE, id: 'U0ANA' }],
  ['nobody’s id', { ...EVE, id: null }],
  ['a workspace of null', { ...EVE, team_id: null }],
  ['no workspace', { ...EVE, team_id: undefined }],
  ['deleted: null', { ...EVE, deleted: null }],
  ['deleted: "false"', { ...EVE, deleted: 'false' }],
  ['no deleted', { ...EVE, deleted: undefined }],
  ['is_restricted: null', { ...EVE, is_restricted: null }],
  ['no is_ultra_restricted', { ...EVE, is_ultra_restricted: undefined }],
  ['is_bot: 0', { ...EVE, is_bot: 0 }],
  ['a profile of null', { ...EVE, profile: null }],
  ['an e-mail address of null', { ...EVE, profile: { email: null } }],
  ['an e-mail address that is a list', { ...EVE, profile: { email: ['eve@harbor.example'] } }],
])('K3.9 a person who is described as %s is nobody', async (_name, user) => {
  says('users.info', { ok: true, user });
  expect(await directory.person(MEMBER)).toMatchObject({ known: false });
  expect(await checkAdmin({ directory, policy: { ...aPolicy(), admins: [MEMBER] } }, MEMBER)).toMatchObject({
    refused: { code: 'person_refused' },
  });
});

test('K3.9 a person whose e-mail address was asked for must have that address', async () => {
  says('users.lookupByEmail', { ok: true, user: EVE });
  expect(await directory.personByEmail('eve@harbor.example')).toMatchObject({ known: true });
  expect(await directory.personByEmail('ana@harbor.example')).toMatchObject({ known: false });
});

test.each<[string, unknown]>([
  ['nothing', { ok: true }],
  ['null', { ok: true, team_id: null }],
  ['a list', { ok: true, team_id: ['T0HARBOR'] }],
])('K3.9 a workspace that Slack calls %s makes nobody one of its members', async (_name, answer) => {
  says('auth.test', answer);
  expect(await directory.person(MEMBER)).toMatchObject({ known: false, problem: expect.stringContaining('workspace') });
});

test('K3.9 do-not-disturb that Slack does not describe is not known', async () => {
  says('dnd.info', { ok: true });
  const eve = { slackId: MEMBER, name: 'Eve', email: 'eve@harbor.example', timeZone: 'UTC' };
  expect(await directory.isAwake(eve)).toMatchObject({ known: false });
});

describe('K9.3 whether somebody has left', () => {
  const LEFT: [string, object][] = [
    ['deleted', { deleted: true }],
    ['deleted, with tz of null', { deleted: true, tz: null }],
    ['deleted, with an e-mail address of null', { deleted: true, profile: { email: null } }],
    ['deleted, with a profile of null', { deleted: true, profile: null, real_name: null }],
    [
      'deleted, with everything else odd',
      { deleted: true, tz: 7, profile: 'x', team_id: [], is_bot: {}, real_name: 1 },
    ],
    ['deleted, and nothing else said', { deleted: true, is_restricted: undefined, is_ultra_restricted: undefined }],
    ['a guest, with tz of null', { is_restricted: true, tz: null }],
    ['a guest of one channel, with the rest of null', { is_ultra_restricted: true, deleted: null, profile: null }],
    ['in another workspace', { team_id: 'T0OTHER' }],
    ['in another workspace of the organization', { team_id: 'T0OTHER', enterprise_user: { teams: ['T0OTHER'] } }],
    ['a stranger', { is_stranger: true, profile: { email: null } }],
  ];
  test.each(LEFT)('is seen: %s', async (_name, change) => {
    says('users.info', { ok: true, user: { ...EVE, ...change } });
    expect(await directory.hasLeft(MEMBER)).toEqual({ known: true, value: expect.stringContaining('Slack account') });
    expect(await directory.person(MEMBER)).toMatchObject({ known: false });
  });

  const THERE: [string, object][] = [
    ['with nulls where Slack’s description allows them', { tz: null, real_name: null, profile: { email: null } }],
    ['with no profile', { profile: undefined }],
    ['in several workspaces', { team_id: 'T0OTHER', enterprise_user: { teams: ['T0OTHER', 'T0HARBOR'] } }],
  ];
  test.each(THERE)('is not reported of somebody %s', async (_name, change) => {
    says('users.info', { ok: true, user: { ...EVE, ...change } });
    expect(await directory.hasLeft(MEMBER)).toEqual({ known: true, value: null });
  });

  const UNCLEAR: [string, unknown][] = [
    ['somebody else, who was deactivated', { ...EVE, id: 'U0ANA', deleted: true }],
    ['deleted: null', { ...EVE, deleted: null }],
    ['deleted: "true"', { ...EVE, deleted: 'true' }],
    ['no workspace', { ...EVE, team_id: null }],
    ['workspaces that are no list', { ...EVE, team_id: null, enterprise_user: { teams: 'T0OTHER' } }],
    ['nothing', null],
  ];
  test.each(UNCLEAR)('is unknown of: %s', async (_name, user) => {
    says('users.info', { ok: true, user });
    expect(await directory.hasLeft(MEMBER)).toMatchObject({ known: false });
  });

  test('is known of an account gone from Slack, not of one that it cannot look up', async () => {
    says('users.info', { ok: false, error: 'user_not_visible' });
    expect(await directory.hasLeft(MEMBER)).toMatchObject({ known: true, value: expect.any(String) });
    slack.faults.clear();
    slack.faults.add({ kind: 'error_500', match: 'users.info' });
    expect(await directory.hasLeft(MEMBER)).toMatchObject({ known: false });
  });

  test('a person with an invalid time zone, or none, is on the clock of UTC', async () => {
    for (const tz of [null, 'Mars/Olympus', 7]) {
      says('users.info', { ok: true, user: { ...EVE, tz } });
      expect(await directory.person(MEMBER)).toMatchObject({ known: true, value: { timeZone: 'UTC' } });
      slack.faults.clear();
    }
  });
});
