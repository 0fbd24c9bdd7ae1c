import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { WITHOUT_CHANGES } from './changes.ts';

const TESTS = new URL('.', import.meta.url);
const DOCS = new URL('../../docs/targets/', import.meta.url);
const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
const textOf = (name: string) => readFileSync(new URL(name, DOCS), 'utf8');

test.each(PROVISIONERS.map(({ kind }) => kind))('%s passes the contract, and has a page in the docs', (kind) => {
  const tests = readdirSync(TESTS).filter((name) => name.endsWith('.test.ts'));
  const tried = tests.some((name) => readFileSync(new URL(name, TESTS), 'utf8').includes(`describeContract('${kind}`));
  expect(tried).toBe(true);
  expect(pages.some((name) => textOf(name).includes(`kind: ${kind}`))).toBe(true);
});

describe.each(PROVISIONERS.map(({ kind }) => kind))('against a hostile holder, %s', (kind) => {
  const name = kind.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

  test('has a suite', () => {
    const files = [`${name}.test.ts`, `${name}/hostile.test.ts`].map((file) => new URL(`../hostile/${file}`, TESTS));
    expect(files.filter((file) => existsSync(file))).toHaveLength(1);
  });

  test('has a page on how soon use ends, what becomes of sessions, and leftovers', () => {
    const [page = ''] = pages.filter((one) => one !== 'README.md' && examplesOf(one).has(kind));
    const about = examplesOf(page).get(kind) ?? '';
    for (const row of ['no new use', 'open sessions', 'what may be left'])
      expect(about, row).toMatch(new RegExp(`^(\\| |\\*\\*)${row}\\b|^#+ ${row}$`, 'im'));
  });

  test('is in the table of all kinds', () => {
    const [, table = ''] = textOf('README.md').split('## Against a hostile holder');
    expect(table).toMatch(new RegExp(`^\\| .*\\[\`${kind}\`\\]`, 'm'));
  });
});

/** What a page says of each kind: from its first example up to that of the next one. */
function examplesOf(page: string): ReadonlyMap<string, string> {
  const [, ...parts] = page === '' ? [] : textOf(page).split(/(?=\bkind: [a-z_]+\b)/);
  const about = new Map<string, string>();
  let kind = '';
  for (const part of parts) {
    const [, named = ''] = /^kind: ([a-z_]+)/.exec(part) ?? [];
    if (PROVISIONERS.some((one) => one.kind === named) && !about.has(named)) kind = named;
    about.set(kind, `${about.get(kind) ?? ''}${part}`);
  }
  return about;
}

test('every kind without tests of renaming, moving and blinding exists', () => {
  const kinds = ['membership', ...PROVISIONERS.map(({ kind }) => kind)];
  expect(WITHOUT_CHANGES.filter((kind) => !kinds.includes(kind))).toEqual([]);
});

describe('every example of a policy in the docs of targets is accepted as it stands', () => {
  const named = pages.flatMap((page) => [...textOf(page).matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name));
  const variables: NodeJS.ProcessEnv = {
    ...Object.fromEntries(named.map((name) => [name, '-----BEGIN PRIVATE KEY----- of sixteen characters and more'])),
    PAYMENTS_DB_URL: 'postgres://a:b@db/payments',
    ORDERS_DB_URL: 'mysql://a:b@db/orders',
    GITHUB_APP_ID: '1',
    GITHUB_INSTALLATION: '2',
  };
  const examples = pages.flatMap((page) =>
    [...textOf(page).matchAll(/```yaml\n(.*?)```/gs)].flatMap(([, yaml = ''], index) =>
      yaml.includes('rules: [') && yaml.includes('target:') ? [[page, index, yaml] as const] : [],
    ),
  );
  test('there are some', () => expect(examples.length).toBeGreaterThan(10));

  test.each(examples)('%s, example %i', (_, _index, yaml) => {
    const indented = yaml.replace(/^(?=.)/gm, '  ');
    const body = /^resources:/m.test(yaml) ? yaml : `resources:\n${indented}`;
    const source = `version: 1\nslack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }\n${body}`;
    const folder = fileURLToPath(new URL('examples', DOCS));
    expect(parsePolicy(source, PROVISIONERS, variables, { folder })).not.toHaveProperty('issues');
  });
});
