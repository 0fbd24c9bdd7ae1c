/** The README and the pages of docs: what they say can be followed, and what they link to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/policyFile.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const pages = [
  'README.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];
const withoutCode = (text: string) => text.replace(/^(`{3,})[\s\S]*?^\1$/gm, '');

/** As GitHub names them. */
const anchorsOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(pages)('every link and picture of %s leads somewhere', (page) => {
  const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(read(file)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

describe('the README', () => {
  const text = read('README.md');
  const prose = withoutCode(text)
    .replace(/^\|.*$/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1');

  test('is read in a minute: at most 300 words', () => {
    expect(prose.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(300);
  });

  test('has a picture before its first section', () => {
    expect(text.split('\n## ')[0]).toMatch(/!\[[^\]]+\]\(docs\/screenshots\/[\w-]+\.png\)/);
  });

  test('names the two commands that a fresh clone needs', () => {
    expect(text).toMatch(/^npm ci && npm run sandbox\b/m);
    expect(text).toMatch(/^npm cit\b/m);
  });

  test.each(['Try it', 'Install', 'First policy', 'Operate', 'Security model', 'Troubleshooting', 'How it compares'])(
    'leads to the page “%s”',
    (page) => expect(text).toContain(`[${page}`),
  );
});

describe('a policy in the docs', () => {
  const variables = { PAYMENTS_DB_URL: 'postgres://a:b@db/payments', GITHUB_TOKEN: 'a-token' };
  const wholePolicies = [...read('docs/first-policy.md').matchAll(/^```yaml\n(version: 1\n[\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );

  test('begins with five lines', () => {
    expect(wholePolicies[0]?.trimEnd().split('\n')).toHaveLength(5);
  });

  test.each([
    ...wholePolicies.map((text, at) => [`of the first ten minutes, number ${at + 1}`, text] as const),
    ['for operators', read('docs/examples/policy.yaml')] as const,
  ])('is accepted as it stands: %s', (_name, text) => {
    expect(parsePolicy(text, PROVISIONERS, variables)).toHaveProperty('policy');
  });

  test('goes on where the page adds a role to it', () => {
    const page = read('docs/first-policy.md');
    const role = /^```yaml\n( {6}admin:\n[\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    expect(parsePolicy(`${wholePolicies[1]}${role}`, PROVISIONERS, variables)).toHaveProperty('policy');
  });
});
