/** docs/architecture.md is the arbiter of words: what it retired stands nowhere in the code. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { inTerminal } from '../../src/cli/inTerminal.ts';
import { MINUTE } from '../../src/domain/terms.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { lasting, say } from '../../src/wording/pieces.ts';
import { all, type Node, programOf, type Source, sourcesIn } from '../support/syntax.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const architecture = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
const retired = [...(architecture.split('| retired | now |')[1]?.split('\n\n')[0] ?? '').matchAll(/^\| (.*?) \|/gm)]
  .flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)])
  .map(([, word = '']) => word);
const files = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => join(folder, file)),
);

test('the list of retired names is read', () => {
  expect(retired).toContain('withinLimits');
  expect(retired.length).toBeGreaterThan(8);
});

test.each(retired)('the retired name %s is nobody’s any more, file or identifier', (word) => {
  // A method of somebody else's, a string and a comment may use the word; a name of ours may not.
  const named = new RegExp(
    `(?:function\\*?|const|let|class|interface|type|import|\\{|,)\\s+(?:type )?${word}\\b[^:'"]`,
  );
  const found = files.filter(
    (file) => new RegExp(`\\b${word}\\.ts$`).test(file) || named.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(found).toEqual([]);
});

/** What people read has one word for each thing: what was said before, and what is said now. */
const RETIRED: readonly (readonly [string, string])[] = [
  ['Type a few letters of it', 'Search, e.g. payments read'],
  ['Not at once', 'Not automatic'],
  ['not approved at once', 'not automatic'],
  ['Approved at once', 'Approved automatically'],
  ['They have been asked', 'I asked them. You’ll hear from me when they decide'],
  ['Waiting for review', 'Waiting for approval'],
  ['It is over', 'Your access to … has ended'],
  ['names you as its reviewers', 'You can approve this (rule 3)'],
  ['Taken without asking', 'Break-glass: used without approval'],
  ['broke the glass', 'used break-glass'],
  ['broken the glass', 'used break-glass'],
  ['break the glass', 'use break-glass'],
  ['This cannot go on', 'I can’t continue'],
  ['one word has to match', 'Include a ticket, e.g. INC-1234'],
  ['Held lately', 'Recent access'],
  ['What you hold', 'Your access'],
  ['taken back', 'ended'],
  ['Taking it back', 'Ending this access now'],
  ['live grant', 'active grant'],
  ['What is live', 'active grants'],
  ['everybody is told', 'the approvals channel is told'],
  ['whoever runs the bot', 'the people who run the bot'],
  ['on our side', 'on my side'],
  ['the record says', 'the ledger says'],
  ['The record of what happened', 'The ledger'],
  ['Ask anew', 'ask again'],
  ['let it through', 'allow it'],
  ['would let through', 'allows'],
  ['is to look at', 'needs a look'],
  ['is no duration', 'is not a duration'],
  ['is there already', 'exists already'],
  ['accesses', 'grants'],
];

/** Where the words stand that people read, and what shows them in tests and docs. */
const READ = [
  ...readdirSync(join(ROOT, 'src/wording'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/wording/${file}`),
  ...readdirSync(join(ROOT, 'src/slack'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(features|kit|outbox)\/.*\.ts$/.test(file))
    .map((file) => `src/slack/${file}`),
  ...readdirSync(join(ROOT, 'test/slack/__snapshots__')).map((file) => `test/slack/__snapshots__/${file}`),
  'docs/using.md',
];
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const read = READ.map((file) => ({ file, text: withoutComments(readFileSync(join(ROOT, file), 'utf8')) }));

test.each(RETIRED)('nobody reads “%s” any more, but “%s”', (phrase) => {
  expect(read.filter(({ text }) => text.includes(phrase)).map(({ file }) => file)).toEqual([]);
});

test('what a command says has its words from the catalogue', () => {
  const own =
    /(?:UsageError|ConfigError|StorageError|std(?:out|err)\.write)\(\s*(?:'[^'\n]*|`[^`]*)[a-z]{2,} [a-z]{2,}/;
  const found = ['app', 'cli', 'config', 'report'].flatMap((folder) =>
    readdirSync(join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' })
      .map((file) => join('src', folder, file))
      .filter((file) => file.endsWith('.ts') && own.test(readFileSync(join(ROOT, file), 'utf8'))),
  );
  expect(found).toEqual([]);
});

/** Calls whose arguments describe a field of a schema, or stand in the log only. */
const ELSEWHERE = /(?:\.describe|\blog\??\.(?:info|warn|error|debug)|\.#warn)$/;
/** SQL begins with a word in capitals, and so do its clauses. */
const STATEMENT = /^.?\s*[A-Z]{2,}\b/;

/** Texts of at least three words in a file, except those that describe a field of a schema or stand in the log. */
function textsIn({ text }: Source): string[] {
  const nodes = all(programOf(text));
  const elsewhere = nodes.flatMap((node) =>
    'callee' in node && isNode(node.callee) && ELSEWHERE.test(text.slice(node.callee.start, node.callee.end))
      ? [{ from: node.callee.end, to: node.end }]
      : [],
  );
  return nodes
    .filter(({ type }) => type === 'StringLiteral' || type === 'TemplateLiteral')
    .filter(({ start, end }) => !elsewhere.some((call) => call.from <= start && end < call.to))
    .map(({ start, end }) => text.slice(start, end))
    .filter((literal) => !STATEMENT.test(literal))
    .filter((literal) => /[a-z]+,? [a-z]+,? [a-z]+/i.test(literal.replace(/\$\{[^}]*\}/g, 'x')));
}
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'start' in value && 'end' in value;

test('what a start and the doctor find wrong has its words from the catalogue', () => {
  // Two describe the schema, for editors and for the reference; the third only writes to the log.
  const others = ['src/config/policyJsonSchema.ts', 'src/config/policyReference.ts', 'src/app/checks/services.ts'];
  const found = [...sourcesIn('src/config'), ...sourcesIn('src/app/checks')].filter(
    ({ file }) => !others.includes(file),
  );
  expect(found.flatMap((source) => textsIn(source).map((own) => `${source.file}: ${own}`))).toEqual([]);
});

test('a sentence in src/config is found, and a description of a field is not', () => {
  const text = "a.refine(isOk, 'from and to are the same').describe('How long it may take.');";
  expect(textsIn({ file: 'a.ts', text })).toEqual(["'from and to are the same'"]);
});

/**
 * Kept with a grant, or written on what was made for one: their words never change. So are the texts of rules
 * (policyText.ts), by which access reviews find a rule again.
 */
const MARKS = [
  'app/policyBeside.ts: cannot be handed over',
  'app/policyThread.ts: cannot be handed over',
  'domain/accessReview.ts: …: …, at most …',
  'domain/policy.ts: Open Policy Agent decides',
  'domain/terms.ts: … h … min',
  'provisioners/underWay.ts: sent without an answer',
  'provisioners/ssh/keygen.ts: … … …\\n',
  'provisioners/github/repositories.ts: person … …',
  'provisioners/github/repositories.ts: deploy key …',
  'provisioners/github/repositories.ts: webhook … …',
  'provisioners/github/repositories.ts: team … …',
  'provisioners/github/teams.ts: person … …',
  'provisioners/kubernetes/provisioner.ts: in the cluster',
  'provisioners/postgres/heir.ts: jitbot: owns what was left behind, can do nothing, and nobody can log in as it',
  'provisioners/postgres/identity.ts: taken back oid',
  'provisioners/postgres/identity.ts: jitbot: … for …, grant …',
  'provisioners/ssh/provisioner.ts: jitbot … …',
];
/** Commands for a shell, not sentences. */
const COMMANDS = /byHand\.ts: |mysql\/give\.ts: mysql --host/;

test.each(['app', 'domain', 'http', 'provisioners'])('what src/%s says has its words from the catalogue', (room) => {
  const found = sourcesIn(`src/${room}`)
    .flatMap((source) =>
      textsIn(source).map(
        (own) => `${source.file.slice('src/'.length)}: ${own.slice(1, -1).replace(/\$\{[^}]*\}/g, '…')}`,
      ),
    )
    .filter((own) => !COMMANDS.test(own) && !own.startsWith('domain/policyText.ts'));
  expect(found.filter((own) => !MARKS.includes(own))).toEqual([]);
  expect(MARKS.filter((mark) => mark.startsWith(`${room}/`) && !found.includes(mark))).toEqual([]);
});

test('what only stands in the log is no sentence of a target, nor is SQL', () => {
  const text = "log.warn({ err }, 'could not be read now'); run('DROP ROLE of that'); fail('the group is gone');";
  expect(textsIn({ file: 'a.ts', text })).toEqual(["'the group is gone'"]);
});

test('a duration never breaks across lines on a phone', () => {
  expect(drawn(say`for ${lasting(90 * MINUTE)} more`)).toBe('for 1\u00a0h\u00a030\u00a0min more');
  // The terminal wraps lines by itself, and what it shows may be copied.
  const breaking = sourcesIn('src/wording').filter(
    ({ file, text }) => !/pieces\.ts$|\/(?:terminal|reasons)\//.test(file) && text.includes('durationText'),
  );
  expect(breaking.map(({ file }) => file)).toEqual([]);
  expect(inTerminal(say`for ${lasting(90 * MINUTE)}`)).toBe('for 1 h 30 min');
});

test('what Slack shows has its words from the catalogue', () => {
  const own = /\b(?:section|context|plainText|button|messageModal|commentInput|quote)\(\s*['`][^'`$]*[a-z]{3,} /;
  const found = read.filter(({ file, text }) => file.startsWith('src/slack') && own.test(text));
  expect(found.map(({ file }) => file)).toEqual([]);
});
