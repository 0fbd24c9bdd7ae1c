/** K4.11 Which target it is: another password is the same place, anything that decides where a revoke looks is another. */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { settingsPlace, withoutTexts } from '../../src/provisioners/place.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { placesOf } from '../../src/provisioners/targetPlaces.ts';

interface Case {
  readonly target: object;
  /** With other secrets, or said in another way. */
  readonly same: readonly object[];
  readonly other: readonly object[];
}

const CASES: Readonly<Record<string, Case>> = {
  postgres: {
    target: { url: 'postgres://jit:secret-1@db.example/pay' },
    same: [{ url: 'postgres://jit:secret-2@DB.example:5432/pay' }],
    other: [
      { url: 'postgres://jit:secret-1@db2.example/pay' },
      { url: 'postgres://jit:secret-1@db.example/other' },
      { url: 'postgres://jit:secret-1@db.example:6432/pay' },
      { login: '{email_name}' },
    ],
  },
  mysql: {
    target: { url: 'mysql://jit:secret-1@db.example/pay' },
    same: [{ url: 'mysql://jit:secret-2@db.example:3306/pay' }],
    other: [{ url: 'mysql://jit:secret-1@db2.example/pay' }, { login: '{email_name}' }, { host: '10.%' }],
  },
  ssh: {
    target: { ca_key: '/ca/key', revocation_list: '/ca/krl' },
    // The list names certificates by key id: it works whichever key signed them.
    same: [{ ca_key: '/ca/key2' }],
    other: [
      { revocation_list: '/ca/krl2' },
      { publish: ['/usr/bin/rsync', '/ca/krl', 'web1:/etc/ssh/'] },
      { publish: ['/usr/bin/rsync', '/ca/krl', 'web2:/etc/ssh/'] },
    ],
  },
  kubernetes: {
    target: { kubeconfig: '/k/config', context: 'prod' },
    same: [{}],
    other: [{ context: 'staging' }, { kubeconfig: '/k/other' }, { group: '{email}' }],
  },
  github: {
    target: { org: 'harbor', token: 'secret-1' },
    same: [{ token: 'secret-2' }, { org: 'Harbor' }],
    other: [{ org: 'pier' }, { api_url: 'https://ghe.example/api/v3' }],
  },
  okta: {
    target: { url: 'https://acme.okta.com', token: 'secret-1' },
    same: [{ token: 'secret-2' }, { url: 'https://acme.okta.com/' }],
    other: [{ url: 'https://acme-preview.okta.com' }],
  },
  slack: {
    target: { token: 'secret-1' },
    same: [{ token: 'secret-2' }],
    other: [{ api_url: 'https://other.example/' }],
  },
  aws_iam: { target: { aws_account: '123456789012' }, same: [{}], other: [{ aws_account: '210987654321' }] },
  aws_identity_center: {
    target: {
      region: 'eu-central-1',
      instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
      identity_store: 'd-1234567890',
    },
    same: [{ session: '2h' }],
    other: [
      { instance: 'arn:aws:sso:::instance/ssoins-fedcba0987654321' },
      { identity_store: 'd-0987654321' },
      { region: 'eu-west-1' },
    ],
  },
  google_iam: {
    target: { project: 'harbor-prod', credentials: 'secret-1' },
    same: [{ credentials: 'secret-2' }],
    other: [{ project: 'harbor-test' }],
  },
  google_group: {
    target: { credentials: 'secret-1' },
    same: [{ credentials: 'secret-2' }],
    other: [{ endpoint: 'https://other.example' }],
  },
  webhook: {
    target: { url: 'https://hook.example/jit', secret: 'secret-number-one' },
    same: [{ secret: 'secret-number-two' }],
    other: [
      { url: 'https://hook.example/other' },
      { url: 'https://hook.example/jit?site=1&site=2' },
      { url: 'https://hook.example/jit?site=1&site=3' },
    ],
  },
  command: {
    target: { run: ['/usr/local/bin/vpn', 'site-1'] },
    same: [{ env: { TOKEN: 'secret-2' } }],
    other: [
      { run: ['/usr/local/bin/vpn', 'site-2'] },
      { run: ['/usr/local/bin/vpn', '--site=2'] },
      { env: { SITE: '2' } },
    ],
  },
  module: { target: { path: '/etc/jit/vpn.mjs' }, same: [{}], other: [{ path: '/etc/jit/other.mjs' }] },
};

/** By kind, what is written down with each grant. A version that writes it in another way finds no live grant any more. */
const WRITTEN: Readonly<Record<string, readonly [target: object, place: string][]>> = {
  postgres: [
    [{ url: 'postgres://jit:secret@DB.example/pay' }, 'db.example:5432/pay temporary'],
    [{ url: 'postgres://jit:secret@b:1,a:2/pay', login: '{email_name}' }, 'a:2,b:1/pay own logins'],
  ],
  mysql: [
    [{ url: 'mysql://jit:secret@db.example' }, 'db.example:3306 temporary @%'],
    [
      { url: 'mysql://jit:secret@db.example:3307/pay', login: '{db}', host: '10.%' },
      'db.example:3307/pay own logins @10.%',
    ],
  ],
  ssh: [
    [{ ca_key: '/ca/key', revocation_list: '/ca/krl' }, '/ca/krl'],
    [
      { ca_key: '/ca/key', revocation_list: '/ca/krl', publish: ['/usr/bin/rsync', '/ca/krl', 'web1:/etc/ssh/'] },
      '/ca/krl /usr/bin/rsync /ca/krl web1:/etc/ssh/',
    ],
  ],
  kubernetes: [
    [{}, 'in the cluster users'],
    [{ kubeconfig: '/k/config', context: 'prod', group: '{email}' }, '/k/config prod groups'],
  ],
  github: [
    [{ org: 'Harbor', token: 'secret' }, 'api.github.com harbor'],
    [{ org: 'harbor', token: 'secret', api_url: 'https://ghe.example/api/v3/' }, 'ghe.example/api/v3 harbor'],
  ],
  okta: [[{ url: 'https://acme.okta.com/', token: 'secret' }, 'acme.okta.com']],
  slack: [[{ token: 'secret' }, 'slack.com/api']],
  aws_iam: [
    [{ aws_account: '123456789012' }, '123456789012'],
    [{ aws_account: '123456789012', endpoint: 'https://iam.example' }, '123456789012 https://iam.example'],
  ],
  aws_identity_center: [
    [
      CASES.aws_identity_center?.target ?? {},
      'arn:aws:sso:::instance/ssoins-1234567890abcdef d-1234567890 eu-central-1',
    ],
  ],
  google_iam: [[{ project: 'harbor-prod' }, 'harbor-prod']],
  google_group: [
    [{}, 'groups'],
    [{ endpoint: 'https://other.example' }, 'groups https://other.example'],
  ],
  webhook: [
    [{ url: 'https://Hook.example/jit/', secret: 'secret-number-one' }, 'hook.example/jit'],
    [{ url: 'https://hook.example/jit?token=secret', secret: 'secret-number-one' }, 'hook.example/jit'],
    [
      { url: 'https://hook.example/jit?tenant=a', secret: 'secret-number-one' },
      `hook.example/jit ${digest('{"tenant":"a"}')}`,
    ],
  ],
  command: [
    [{ run: ['/usr/local/bin/vpn', 'site-1'] }, '/usr/local/bin/vpn site-1'],
    [
      { run: ['/usr/local/bin/vpn'], env: { SITE: '2', DOOR_TOKEN: 'secret', AREA: '1' } },
      `/usr/local/bin/vpn ${digest('{"AREA":"1","SITE":"2"}')}`,
    ],
    [
      { run: ['/usr/local/bin/vpn', '--token', 'secret', '--pin=secret', 'x'] },
      '/usr/local/bin/vpn --token … --pin=secret x',
    ],
  ],
  module: [
    [{ path: '/etc/jit/vpn.mjs' }, '/etc/jit/vpn.mjs'],
    [{ path: '/etc/jit/vpn.mjs', config: [] }, '/etc/jit/vpn.mjs'],
    [
      {
        path: '/etc/jit/vpn.mjs',
        config: { url: 'https://u:secret@vpn.example/?key=secret&site=1', list: [1, { pass: 'secret', b: null }] },
      },
      `/etc/jit/vpn.mjs ${digest('{"list":[1,{"b":null}],"url":"https://vpn.example/?site=1"}')}`,
    ],
  ],
};
function digest(settings: string): string {
  return createHash('sha256').update(settings).digest('hex').slice(0, 12);
}

test.each(Object.entries(WRITTEN))('K4.11 the place of %s is written as it always was', (kind, cases) => {
  const { targetSchema, placeOf } = PROVISIONERS.find((one) => one.kind === kind) ?? {};
  for (const [target, place] of cases) expect(placeOf?.(targetSchema?.parse({ kind, ...target }))).toBe(place);
});
test('K4.11 that is tried with every kind', () => {
  expect(Object.keys(WRITTEN).toSorted()).toEqual(PROVISIONERS.map(({ kind }) => kind).toSorted());
});

test.each([
  ['--token', 'secret-1'],
  ['--api-key=secret-1', ''],
  ['VPN_PASSWORD=secret-1', ''],
  ['--db', 'postgres://jit:secret-1@db.example/pay'],
  ['--db=postgres://jit:secret-1@db.example/pay', ''],
])('K4.12 a secret among the arguments of a program (%s %s) is part of no place', (first, second) => {
  const command = PROVISIONERS.find(({ kind }) => kind === 'command');
  const place = (number: string) =>
    command?.placeOf({
      kind: 'command',
      run: ['/usr/local/bin/vpn', first, second, 'site-1'].map((one) => one.replace('secret-1', number)),
      env: {},
    });
  expect(place('secret-1')).toBe(place('secret-2'));
  expect(place('secret-1')).not.toContain('secret-1');
  expect(place('secret-1')).toContain('site-1');
});

test.each([
  ['an option that takes no value', ['--no-password', 'web1'], ['--no-password', 'web2']],
  ['one that asks for its secret', ['--ask-pass', 'web1'], ['--ask-pass', 'web2']],
  ['a further option behind that of a secret', ['--auth', '--site=1'], ['--auth', '--site=2']],
  ['a key that says where', ['--project-key', 'OPS'], ['--project-key', 'PAY']],
  ['a code that says where', ['area_code=1'], ['area_code=2']],
])('K4.11 %s hides no other place among the arguments of a program', (_, one, other) => {
  const kind = (wanted: string) => PROVISIONERS.find((each) => each.kind === wanted);
  const list = { kind: 'ssh', ca_key: '/ca/key', revocation_list: '/ca/krl' };
  const published = (to: string[]) => kind('ssh')?.placeOf({ ...list, publish: ['/usr/bin/push', ...to] });
  const run = (how: string[]) => kind('command')?.placeOf({ kind: 'command', run: ['/usr/bin/vpn', ...how], env: {} });
  expect(published(one)).not.toBe(published(other));
  expect(run(one)).not.toBe(run(other));
});

test.each([
  ['an area code', { AREA_CODE: '1' }, { AREA_CODE: '2' }],
  ['the key of a project', { project_key: 'OPS' }, { project_key: 'PAY' }],
  ['a list', { sites: ['1', '2'] }, { sites: ['1', '3'] }],
])('K4.11 what says where is another place where it is something else: %s', (_, one, other) => {
  expect(settingsPlace(one)).not.toBe(settingsPlace(other));
});

test('K4.11 a field that an address names several times counts each time', () => {
  const webhook = PROVISIONERS.find(({ kind }) => kind === 'webhook');
  const place = (query: string) => webhook?.placeOf({ kind: 'webhook', url: `https://hook.example/jit?${query}` });
  expect(place('tenant=a&tenant=x')).not.toBe(place('tenant=b&tenant=x'));
  expect(place('tenant=a&tenant=x')).not.toBe(place('tenant=x'));
  expect(place('token=a&token=b')).toBe(place('token=c'));
});

test('K4.12 another value after an option with an inline secret is another place', () => {
  const command = PROVISIONERS.find(({ kind }) => kind === 'command');
  const place = (site: string) =>
    command?.placeOf({ kind: 'command', run: ['/usr/local/bin/vpn', '--api-key=secret-1', site], env: {} });
  expect(place('site-1')).toBe('/usr/local/bin/vpn --api-key=… site-1');
  expect(place('site-2')).not.toBe(place('site-1'));
});

test('K4.12 a secret from the environment is in no place, wherever it stands', () => {
  const policy = (source: string, token: string, site = 'site-number-one') => {
    const read = parsePolicy(source, PROVISIONERS, { VPN_TOKEN: token, VPN_SITE: site });
    if ('issues' in read) throw new Error(JSON.stringify(read.issues));
    return [...placesOf(read.policy)].join();
  };
  for (const target of [
    `{ kind: command, run: [/usr/local/bin/vpn, "\${VPN_TOKEN}", "\${VPN_SITE}"] }`,
    `{ kind: command, run: [/usr/local/bin/vpn], env: { OPTIONS: "x=\${VPN_TOKEN}", SITE: "\${VPN_SITE}" } }`,
    `{ kind: webhook, url: "https://hook.example/\${VPN_SITE}/\${VPN_TOKEN}", secret: "\${VPN_TOKEN}" }`,
  ]) {
    const source = [
      'version: 1',
      'slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [U0EVE] }',
      'resources:',
      '  vpn:',
      '    name: VPN',
      `    target: ${target}`,
      '    roles: { use: { grants: {}, duration: { default: 30m, max: 1h }, rules: [{ ask: { reviewers: [U0BEN], needed: 1, expires: 1h } }] } }',
    ].join('\n');
    const place = policy(source, 'secret-number-one-1');
    expect(policy(source, 'secret-number-two-22'), target).toBe(place);
    expect(place).not.toContain('secret-number');
    expect(policy(source, 'secret-number-one-1', 'site-number-two'), target).not.toBe(place);
  }
});

describe.each(PROVISIONERS.map((one) => [one.kind, one] as const))('K4.11 %s', (kind, { targetSchema, placeOf }) => {
  const { target, same, other } = CASES[kind] ?? { target: null, same: [], other: [] };
  const place = (more: object): string => placeOf(targetSchema.parse({ kind, ...target, ...more }));

  test('is the same place with other secrets, and never names one', () => {
    expect(same).not.toEqual([]);
    for (const one of same) expect(place(one)).toBe(place({}));
    expect(place({})).not.toMatch(/secret/);
  });

  test('is another place where a revoke would look elsewhere', () => {
    expect(other).not.toEqual([]);
    const places = [{}, ...other].map(place);
    expect(new Set(places).size).toBe(places.length);
  });
});

test('a password is no part of a place, as it is nor as addresses write it', () => {
  const target = { url: 'https://h/p%40ss', run: ['p@ss', 'x'], headers: { auth: 'Basic p@ss' } };
  expect(withoutTexts(target, ['p@ss'])).toEqual({ url: 'https://h/', run: ['', 'x'], headers: { auth: 'Basic ' } });
});
