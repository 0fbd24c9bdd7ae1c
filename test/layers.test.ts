import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Which folder of src may import which, and nothing else; docs/architecture.md says what each holds. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  // Its reasons are recorded as they are read, and stand in the catalogue with all other sentences.
  domain: ['wording/reasons'],
  'wording/reasons': ['domain/terms.ts', 'domain/text.ts'],
  ports: ['domain'],
  wording: ['domain', 'wording/reasons'],
  concurrency: ['domain', 'ports'],
  lifecycle: ['concurrency', 'domain', 'ports', 'wording/reasons'],
  'ledger/book': ['concurrency', 'domain', 'ports'],
  'ledger/sqlite': ['concurrency', 'domain', 'ports', 'ledger/book'],
  'ledger/history': ['concurrency', 'domain', 'ports', 'ledger/book', 'ledger/sqlite'],
  'ledger/postgres': ['concurrency', 'domain', 'ports', 'ledger/book', 'ledger/history', 'ledger/sqlite'],
  'ledger/open': ['domain', 'ports', 'ledger/book', 'ledger/history', 'ledger/sqlite', 'ledger/postgres'],
  jobs: ['domain', 'ports'],
  http: ['domain', 'ports', 'wording'],
  metrics: ['domain', 'ports'],
  config: ['domain', 'wording'],
  codes: ['domain', 'ports'],
  opa: ['domain', 'ports'],
  forwarding: ['domain', 'http', 'ports'],
  report: ['domain', 'wording'],
  auditBundle: ['domain', 'ports'],
  pagerduty: ['domain', 'http', 'ports'],
  provisioners: ['concurrency', 'domain', 'http', 'ports', 'wording'],
  'slack/link': ['domain', 'http', 'ports'],
  'slack/directory': ['domain', 'ports', 'slack/link'],
  'slack/kit': ['domain', 'lifecycle', 'ports', 'slack/link', 'wording'],
  'slack/outbox': ['concurrency', 'domain', 'lifecycle', 'ports', 'slack/kit', 'slack/link', 'wording'],
  'slack/features': ['domain', 'http', 'lifecycle', 'ports', 'slack/kit', 'slack/link', 'slack/outbox', 'wording'],
  slack: ['slack/directory', 'slack/features', 'slack/kit', 'slack/link'],
  // These two put the rest together. Neither knows the sandbox: the product has no branch for it.
  app: ['*'],
  cli: ['*'],
  // The sandbox is at the wire: all it shares with the product is how a process is launched.
  sandbox: ['app/launch.js'],
};
/** Pure folders: no I/O, so no module of Node. */
const PURE = ['domain', 'ports', 'lifecycle', 'concurrency', 'wording'];

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file));
const importsOf = (file: string): string[] =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? relative(SRC, resolve(SRC, dirname(file), name)) : name,
  );
const graph = new Map(files.map((file) => [file, importsOf(file)]));

function folderOf(file: string): string {
  const [top = '', room = ''] = dirname(file).split('/');
  return `${top}/${room}` in MAY_IMPORT ? `${top}/${room}` : top;
}

function offences(file: string, imported: string): boolean {
  const [from, to] = [folderOf(file), folderOf(imported)];
  const allowed = MAY_IMPORT[from];
  if (imported.startsWith('node:')) return PURE.includes(from);
  if (!graph.has(imported) || from === to) return false;
  return !allowed?.some((one) => one === to || one === imported || (one === '*' && to !== 'sandbox'));
}

test('every folder of src is in the table', () => {
  expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
});

test('no file imports what its folder may not', () => {
  const found = files.flatMap((file) =>
    (graph.get(file) ?? []).filter((imported) => offences(file, imported)).map((imported) => `${file} -> ${imported}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['lifecycle/deps.ts', 'slack/app.ts', true],
  ['domain/terms.ts', 'node:fs', true],
  ['slack/kit/blocks.ts', 'slack/outbox/card.ts', true],
  ['app/bot.ts', 'sandbox/main.ts', true],
  ['sandbox/main.ts', 'slack/app.ts', true],
  ['slack/kit/blocks.ts', 'domain/terms.ts', false],
])('%s importing %s is an offence: %s', (file, imported, isOffence) => {
  expect(offences(file, imported)).toBe(isOffence);
});

test('no file imports itself by way of others, types included', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const imported of graph.get(file) ?? []) if (graph.has(imported)) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
