/** K11.1: what an address says behind its ? overrides what stands before it, and is easily shown to people. */

import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { addressFor, eachServer, shownPlace, userOf, withDatabase } from '../../src/provisioners/address.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

/** One target of each kind that is reached by an address, and the field that it stands in. */
const BY_ADDRESS: Readonly<Record<string, { target: Record<string, unknown>; field: string }>> = {
  postgres: { target: { url: 'postgres://jitbot:pw@db.example:5432/payments' }, field: 'url' },
  mysql: { target: { url: 'mysql://jitbot:pw@db.example:3306/payments' }, field: 'url' },
  okta: { target: { url: 'https://acme.okta.com', token: 't' }, field: 'url' },
  github: { target: { org: 'harbor', token: 't', api_url: 'https://api.example' }, field: 'api_url' },
  webhook: { target: { url: 'https://gateway.example/jit', secret: 'a secret of more than 16' }, field: 'url' },
  slack: { target: { token: 'xoxb-1', api_url: 'https://slack.example/api/' }, field: 'api_url' },
  aws_iam: {
    target: { aws_account: '123456789012', endpoint: 'https://iam.example' },
    field: 'endpoint',
  },
  aws_identity_center: {
    target: {
      region: 'eu-central-1',
      instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
      identity_store: 'd-1234567890',
      endpoint: 'https://sso.example',
    },
    field: 'endpoint',
  },
  google_iam: { target: { project: 'harbor-payments', endpoint: 'https://iam.example' }, field: 'endpoint' },
  google_group: { target: { endpoint: 'https://groups.example' }, field: 'endpoint' },
};
const schemaOf = (kind: string): z.ZodType => {
  const found = PROVISIONERS.find((one) => one.kind === kind);
  if (!found) throw new Error(`there is no kind ${kind}`);
  return found.targetSchema;
};
const messages = (kind: string, target: Record<string, unknown>): string[] =>
  schemaOf(kind)
    .safeParse({ kind, ...target })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test('K11.1 every kind that is reached by an address is tried here', () => {
  const byAddress = PROVISIONERS.filter(({ targetSchema }) => {
    const shape = 'shape' in targetSchema ? Object.keys((targetSchema as z.ZodObject).shape) : [];
    return shape.some((field) => /url|endpoint|address/.test(field));
  });
  expect(byAddress.map(({ kind }) => kind).sort()).toEqual(Object.keys(BY_ADDRESS).sort());
});

test.each(Object.entries(BY_ADDRESS))(
  'K11.1 user and password in the query are refused, and no others: %s',
  (kind, { target, field }) => {
    expect(messages(kind, target)).toEqual([]);
    const address = String(target[field]);
    for (const name of ['user', 'password', 'PASSWORD', 'pass', 'username', 'sslpassword'])
      expect(messages(kind, { ...target, [field]: `${address}?x=1&${name}=secret` })).toEqual([
        `${field}: "${name}" does not belong after the ?: write user and password before the host`,
      ]);
  },
);

test.each(['postgres', 'mysql'])(
  'K11.1 a place in the query is refused, and so is an address without a host: %s',
  (kind) => {
    const address = String(BY_ADDRESS[kind]?.target.url);
    expect(messages(kind, { url: `${address}?sslmode=require` })).toEqual([]);
    for (const name of ['host', 'hostaddr', 'port', 'dbname', 'service', 'passfile', 'socketPath', 'options'])
      expect(messages(kind, { url: `${address}?${name}=x` })).toHaveLength(1);
    for (const url of [
      `${kind}:///db?host=h&user=u&password=p`,
      `${kind}:///db`,
      `${kind}://u:p#w@h/db`,
      `${kind}://u:p@h:port/db`,
      'https://h/db',
    ])
      expect(messages(kind, { url })).toHaveLength(1);
  },
);

test('K11.1 what people are shown is made anew from host, port and database', () => {
  const address = 'postgres://jitbot:bots%20own@db.example:6432/payments?sslmode=require&application_name=x';
  expect(addressFor(address, 'jit_ana_g1', 'p/w@:?')).toBe(
    'postgres://jit_ana_g1:p%2Fw%40%3A%3F@db.example:6432/payments',
  );
  expect(shownPlace(address)).toBe('db.example:6432/payments');
});

test('another database of the same server is shown by its name', () => {
  const url = 'postgres://jitbot:pw@db.example:6432/payments?sslmode=require';
  for (const name of ['orders', 'a?b#c', 'größe', 'a b', '100%'])
    expect(decodeURIComponent(new URL(withDatabase(url, name)).pathname)).toBe(`/${name}`);
  expect(withDatabase(url, 'orders')).toBe('postgres://jitbot:pw@db.example:6432/orders?sslmode=require');
});

test('the user of an address is shown as the server knows them', () => {
  expect(userOf('postgres://jit%40bot:pw@db.example/payments')).toBe('jit@bot');
  expect(userOf('postgres://db.example/payments')).toBe('');
});

/** Issue 16: what passes here is understood by the driver; what is not, is refused with what to write instead. */
describe.each([
  ['postgres', 'postgres://'],
  ['postgres', 'postgresql://'],
  ['mysql', 'mysql://'],
])('a password in an address for %s, %s', (kind, scheme) => {
  const problem = (rest: string) => messages(kind, { url: `${scheme}${rest}` });

  test.each([
    ['a#b', 'in a user or a password, # is written %23'],
    ['1#b', 'in a user or a password, # is written %23'],
    ['a/b', 'in a user or a password, / is written %2F'],
    ['1/b', 'in a user or a password, / is written %2F'],
    ['a?b', 'in a user or a password, ? is written %3F'],
    ['1?b', 'in a user or a password, ? is written %3F'],
    ['100%', 'in a user or a password, % is written %25'],
    ['a%zz', 'in a user or a password, % is written %25'],
    ['a b', 'in a user or a password, a space is written %20'],
    ['a\tb', 'in a user or a password, a space is written %20'],
    ['a%E4b', 'percent codes must be UTF-8'],
  ])('%j is refused, with what to write instead', (password, told) => {
    for (const rest of [`jitbot:${password}@db.example/payments`, `${password}:pw@db.example:99/payments`])
      expect(problem(rest)).toEqual([expect.stringContaining(`url: ${told}`)]);
  });

  test('a space before or after an address is refused', () => {
    expect(problem('u:p@h/db ')).toHaveLength(1);
    expect(problem('u:p@h/db\n')).toHaveLength(1);
  });

  test.each(['%23', '%2F%3F%25%40%20', 'a@b', 'a:b', '!$&()*+,;=~|', '%C3%A9'])('%s is accepted', (password) => {
    expect(problem(`jitbot:${password}@db.example/payments`)).toEqual([]);
  });
});

test('several servers: PostgreSQL’s writable one, refused for other kinds', () => {
  const several = (kind: string, hosts: string) => messages(kind, { url: `${kind}://u:p@${hosts}/payments` });
  for (const hosts of ['a,b', 'a:5432,b:5433', '[::1]:5432,b', 'a:1,b:2,c:3'])
    expect([several('postgres', hosts), several('mysql', hosts)]).toEqual([
      [],
      ['url: name one host: this kind of target takes no more'],
    ]);
  for (const hosts of ['a,', ',a', 'a:x,b', 'a:5432,b:99999'])
    expect(several('postgres', hosts)).toEqual([expect.stringContaining('expected a host between two commas')]);
  const url = 'postgres://jitbot:a@b@one:5432,two:5433/payments?sslmode=require';
  expect(eachServer(url)).toEqual([
    'postgres://jitbot:a@b@one:5432/payments?sslmode=require',
    'postgres://jitbot:a@b@two:5433/payments?sslmode=require',
  ]);
  expect(shownPlace(url)).toBe('one:5432,two:5433/payments');
  expect(addressFor(url, 'ana', 'pw')).toBe(
    'postgres://ana:pw@one:5432,two:5433/payments?target_session_attrs=read-write',
  );
});

test('session limits, which a pooler refuses, are refused in an address', () => {
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
    expect(messages('postgres', { url: `postgres://u:p@h/db?${name}=1` })).toEqual([
      `url: "${name}" does not belong after the ?: the bot sets its own limits, and a pooler would refuse this`,
    ]);
});
