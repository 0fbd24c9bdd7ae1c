/** One deliberate break for each check of the doctor, beside an account and a workspace where all is well. */

import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Credentials } from '../../src/app/checks/credentials.ts';
import { serviceChecks, warnOfFindings } from '../../src/app/checks/services.ts';
import { systemClock } from '../../src/app/clock.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { recordedLog } from '../support/log.ts';
import { type PagerDutyStub, pageOf, startPagerDutyStub } from '../support/pagerDutyStub.ts';
import { aDocument, aResourceIn, aRoleIn, aSlackIn, policyIn } from '../support/policyFile.ts';
import { BOT_SCOPES } from '../support/scopes.ts';

const { policy } = policyIn(
  aDocument({
    slack: aSlackIn({ admins: ['U0EVE'] }),
    resources: { db: aResourceIn({ read: aRoleIn({ rules: [{ ask: { reviewers: ['U0ANA'] } }] }) }) },
  }),
);
const SUBSCRIPTION = {
  active: true,
  events: ['incident.resolved', 'incident.reopened'],
  delivery_method: { url: 'https://jit.example/pagerduty/events', temporarily_disabled: false },
};
const person = (id: string) => ({
  ok: true,
  user: {
    id,
    team_id: 'T0',
    name: id,
    real_name: id,
    tz: 'UTC',
    deleted: false,
    is_bot: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_stranger: false,
    is_app_user: false,
    profile: { email: `${id.toLowerCase()}@harbor.example` },
  },
});

/** What Slack answers, by method. */
let slack: Map<string, object>;
let scopes: readonly string[];
let date: Date | null;
let pagerDuty: PagerDutyStub;
let free: number;
let credentials: Credentials;
let close: () => Promise<void>;

beforeEach(async () => {
  slack = new Map<string, object>([
    ['auth.test', { ok: true, team: 'Harbor', team_id: 'T0', user_id: 'U0JIT' }],
    ['conversations.history', { ok: true, messages: [] }],
    ['apps.connections.open', { ok: true, url: 'wss://slack.example' }],
  ]);
  scopes = BOT_SCOPES;
  date = new Date();
  free = 10 * 2 ** 30;
  const server = createServer(async (request, response) => {
    const method = (request.url ?? '').replace('/api/', '');
    const args = new URLSearchParams(await readBody(request));
    const answer =
      slack.get(`${method} ${args.get('channel') ?? args.get('user') ?? ''}`) ??
      slack.get(method) ??
      (method === 'users.info' ? person(args.get('user') ?? '') : { ok: false, error: 'unknown_method' });
    response.sendDate = false;
    if (date !== null) response.setHeader('date', date.toUTCString());
    response
      .writeHead(200, { 'content-type': 'application/json', 'x-oauth-scopes': scopes.join(', ') })
      .end(JSON.stringify(answer));
  });
  pagerDuty = await startPagerDutyStub();
  pagerDuty.says('GET /oncalls', pageOf('oncalls', []));
  pagerDuty.says('GET /users', ({ query }) =>
    pageOf('users', [{ id: 'PUSER', name: 'One', email: query.get('query') ?? '' }]),
  );
  pagerDuty.says('GET /webhook_subscriptions', pageOf('webhook_subscriptions', [SUBSCRIPTION]));
  credentials = {
    slack: { apiUrl: `http://127.0.0.1:${await listen(server)}/api/`, botToken: 'xoxb-1', appToken: 'xapp-1' },
    isSigningSecretSet: false,
    pagerDuty: { apiUrl: pagerDuty.apiUrl, token: 'key', from: 'bot@harbor.example', hasWebhookSecret: true },
    databasePath: join(tmpdir(), 'jit.db'),
  };
  close = async () => {
    await pagerDuty.close();
    await closeServer(server);
  };
});
afterEach(() => close());

const parts = () => ({
  credentials,
  policy,
  log: recordedLog(),
  clock: systemClock(0),
  free: async () => free,
});
const findings = async () => {
  const { places } = serviceChecks(parts());
  return (await Promise.all(places.map(({ ask }) => ask()))).flat();
};
const wrong = async () => (await findings()).filter(({ ok }) => !ok);

test('with everything in order, each check says what it found', async () => {
  expect(await wrong()).toEqual([]);
  const said = (await findings()).map(({ what }) => what).join('\n');
  for (const what of [
    'accepted, for the workspace Harbor',
    'every scope',
    'audit channel C0AUDIT is there',
    'approvals channel C0ACCESS is there',
    'app token may open connections',
    'clock agrees',
    'may read who is on call',
    'PAGERDUTY_FROM is a user',
    'the key may write',
    'webhook subscription leads to the bot',
    'is found in PagerDuty by their address',
    '10240 MiB are free',
  ])
    expect(said).toContain(what);
});

describe('at Slack', () => {
  test('a refused token ends the check, and says where to get another', async () => {
    slack.set('auth.test', { ok: false, error: 'invalid_auth' });
    expect(await wrong()).toContainEqual({
      ok: false,
      what: expect.stringContaining('does not accept the token'),
      fix: 'Look at SLACK_BOT_TOKEN.',
    });
  });

  test('a Slack that is not reached is told with why, and the token is not suspected', async () => {
    const nobody = createServer();
    const port = await listen(nobody);
    await closeServer(nobody);
    credentials = { ...credentials, slack: { ...credentials.slack, apiUrl: `http://127.0.0.1:${port}/` } };
    const found = (await wrong()).filter(({ what }) => what.includes('Slack cannot be reached'));
    expect(found.length).toBeGreaterThanOrEqual(2);
    for (const { what, fix } of found) {
      expect(what).toContain(`connect ECONNREFUSED 127.0.0.1:${port}`);
      expect(fix ?? '').not.toContain('TOKEN');
    }
  });

  test('missing scopes are named, from the header of Slack’s answer', async () => {
    scopes = BOT_SCOPES.filter((scope) => scope !== 'dnd:read' && scope !== 'usergroups:read');
    expect(await wrong()).toEqual([
      {
        ok: false,
        what: 'the token lacks dnd:read, usergroups:read',
        fix: expect.stringContaining('Reinstall to Workspace'),
      },
    ]);
  });

  test.each([
    ['audit channel', 'C0AUDIT'],
    ['approvals channel', 'C0ACCESS'],
  ])('an %s that the bot is not in is named, with how to invite it', async (what, id) => {
    slack.set(`conversations.history ${id}`, { ok: false, error: 'not_in_channel' });
    expect(await wrong()).toEqual([
      { ok: false, what: expect.stringMatching(new RegExp(`the ${what} ${id}: .*/invite @jit`)) },
    ]);
  });

  test('an app token that may open no connection is named', async () => {
    slack.set('apps.connections.open', { ok: false, error: 'missing_scope' });
    expect(await wrong()).toEqual([
      {
        ok: false,
        what: expect.stringContaining('the app token: '),
        fix: expect.stringContaining('connections:write'),
      },
    ]);
  });

  test.each([
    [-45 * SECOND, '45 s ahead of'],
    [10 * MINUTE, '10 min behind'],
  ])('a clock that is off by %d ms is named', async (offset, said) => {
    date = new Date(Date.now() + offset);
    expect(await wrong()).toEqual([
      {
        ok: false,
        what: expect.stringMatching(
          new RegExp(`${said.replace(/\d+ s/, '4[456] s').replace(/^\d+ min/, '10 min')} Slack`),
        ),
        fix: expect.stringContaining('NTP'),
      },
    ]);
  });

  test('an answer without a time is not taken for a right clock', async () => {
    date = null;
    expect(await wrong()).toEqual([{ ok: false, what: expect.stringContaining('no time to compare with') }]);
  });
});

describe('at PagerDuty', () => {
  const only = async () => {
    const [one, ...more] = await wrong();
    expect(more).toEqual([]);
    return one;
  };

  test('a refused key is named, with where to make one', async () => {
    pagerDuty.says('GET /oncalls', { status: 401, body: {} });
    expect(await only()).toMatchObject({
      what: expect.stringContaining('PAGERDUTY_TOKEN'),
      fix: expect.stringContaining('API Access Keys'),
    });
  });

  test('a key that may only read is named where the bot has to write', async () => {
    pagerDuty.says('POST /incidents/PJITBOTDOCTOR/notes', { status: 403, body: {} });
    expect(await only()).toMatchObject({
      what: 'the key may only read, and PAGERDUTY_FROM is set',
      fix: expect.stringContaining('not read-only'),
    });
  });

  test('an address in PAGERDUTY_FROM that nobody has is named', async () => {
    pagerDuty.says('GET /users', ({ query }) =>
      pageOf('users', [
        {
          id: 'PUSER',
          name: 'One',
          email: query.get('query') === 'bot@harbor.example' ? 'x@y.example' : query.get('query'),
        },
      ]),
    );
    expect(await only()).toMatchObject({
      what: 'PAGERDUTY_FROM is the address of no PagerDuty user',
      fix: expect.stringContaining('People → Users'),
    });
  });

  test('people with another address at PagerDuty are named', async () => {
    pagerDuty.says('GET /users', ({ query }) =>
      pageOf(
        'users',
        query.get('query') === 'bot@harbor.example' ? [{ id: 'PB', name: 'B', email: 'bot@harbor.example' }] : [],
      ),
    );
    expect(await only()).toMatchObject({
      what: expect.stringMatching(/of 2 people whom the policy names, none/),
      fix: expect.stringContaining('identities'),
    });
  });

  test.each([
    ['none', [], 'no webhook subscription leads to the bot'],
    [
      'one that leads elsewhere',
      [{ ...SUBSCRIPTION, delivery_method: { url: 'https://other.example/hook' } }],
      'no webhook subscription leads to the bot',
    ],
    ['one that is switched off', [{ ...SUBSCRIPTION, active: false }], 'is switched off'],
    [
      'one that PagerDuty gave up',
      [{ ...SUBSCRIPTION, delivery_method: { ...SUBSCRIPTION.delivery_method, temporarily_disabled: true } }],
      'is switched off',
    ],
    ['one of other events', [{ ...SUBSCRIPTION, events: ['incident.resolved'] }], 'does not send incident.reopened'],
    [
      'one of other events beside one that is switched off',
      [
        { ...SUBSCRIPTION, events: ['incident.resolved'] },
        { ...SUBSCRIPTION, active: false },
      ],
      'does not send incident.reopened',
    ],
  ])('webhook subscriptions: %s', async (_name, subscriptions, what) => {
    pagerDuty.says('GET /webhook_subscriptions', pageOf('webhook_subscriptions', subscriptions));
    expect(await only()).toMatchObject({
      what: expect.stringContaining(what),
      fix: expect.stringContaining('Webhooks (v3)'),
    });
  });
});

test('a disk with little room left is named', async () => {
  free = 100 * 2 ** 20;
  expect(await wrong()).toEqual([
    { ok: false, what: expect.stringContaining('only 100 MiB are free'), fix: expect.stringContaining('512 MiB') },
  ]);
});

test('what cannot be checked names the variable that is not set', () => {
  credentials = {
    slack: { apiUrl: 'http://slack.example/api/', botToken: null, appToken: null },
    isSigningSecretSet: false,
    pagerDuty: { apiUrl: 'http://pd.example', token: null, from: null, hasWebhookSecret: false },
    databasePath: null,
  };
  const { places, notChecked } = serviceChecks(parts());
  expect(places).toEqual([]);
  for (const name of ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PAGERDUTY_TOKEN', 'JIT_DATABASE'])
    expect(notChecked.join('\n')).toContain(name);
});

test('without PAGERDUTY_FROM and a webhook secret, nothing is asked about them', async () => {
  credentials = { ...credentials, pagerDuty: { ...credentials.pagerDuty, from: null, hasWebhookSecret: false } };
  expect(await wrong()).toEqual([]);
  expect(pagerDuty.calls()).not.toContain('GET /webhook_subscriptions');
  expect(pagerDuty.calls().some((call) => call.startsWith('POST'))).toBe(false);
  expect(serviceChecks(parts()).notChecked.join('\n')).toMatch(/PAGERDUTY_FROM[\s\S]*PAGERDUTY_WEBHOOK_SECRET/);
});

test('at start, each finding is a warning in the log with what to do', async () => {
  scopes = [];
  const { log, ...rest } = parts();
  await warnOfFindings({ log, ...rest });
  expect(log.lines.filter(({ message }) => message.startsWith('something that the bot depends on'))).toMatchObject([
    { facts: { place: 'Slack', problem: expect.stringContaining('the token lacks'), fix: expect.any(String) } },
  ]);
});
