import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ConfigError } from '../config/configError.ts';
import { INIT_ASKS, INIT_SAYS } from '../wording/terminal/init.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { INIT } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import { type Answers, firstPolicy, SCHEMA_FILE, TARGETS } from './firstPolicy.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

type Values = Given<typeof INIT>['values'];

/** The questions of `init`, and what answers look like. */
export const QUESTIONS = [
  { name: 'audit-channel', ask: INIT_ASKS['audit-channel'], like: /^[CG][A-Z0-9]{2,}$/ },
  { name: 'approvals-channel', ask: INIT_ASKS['approvals-channel'], like: /^[CG][A-Z0-9]{2,}$/ },
  { name: 'admin', ask: INIT_ASKS.admin, like: /^[USW][A-Z0-9]{2,}$/ },
  {
    name: 'reviewers',
    ask: INIT_ASKS.reviewers,
    like: /^[USW][A-Z0-9]{2,}$/,
  },
  {
    name: 'escalation-policy',
    ask: INIT_ASKS['escalation-policy'],
    like: /^[A-Z0-9]{4,}$/,
  },
  {
    name: 'kind',
    ask: INIT_ASKS.kind(Object.keys(TARGETS)),
    like: new RegExp(`^(${Object.keys(TARGETS).join('|')})$`),
  },
  { name: 'resource', ask: INIT_ASKS.resource, like: /^[a-z0-9][a-z0-9-]{0,39}$/ },
] as const satisfies readonly { name: keyof Answers; ask: string; like: RegExp }[];

/**
 * `jitbot init`: writes a policy file with a first resource, and says what to do next. On a terminal, it asks for what
 * no option says.
 */
export async function init({ values, files }: Given<typeof INIT>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneFile(files.length));
  const path = files[0] ?? 'policy.yaml';
  if (existsSync(path)) throw new ConfigError(PROBLEMS.exists(path));
  for (const { name, ask, like } of QUESTIONS) {
    const given = values[name];
    if (given !== undefined && !like.test(given)) throw new UsageError(MISUSE.initAnswer(name, given, ask));
  }
  const answers = await complete(values);
  const [{ parsePolicy }, { policyJsonSchema }, { PROVISIONERS }] = await Promise.all([
    import('../config/policyFile.ts'),
    import('../config/policyJsonSchema.ts'),
    import('../provisioners/registry.ts'),
  ]);
  const { text, variables } = firstPolicy(answers);
  const read = parsePolicy(text, PROVISIONERS, {}, { withoutSecrets: true });
  if ('issues' in read)
    throw new ConfigError(
      PROBLEMS.draftPolicy(read.issues.map(({ path: at, message }) => `${at}: ${message}`).join('; ')),
    );
  writeFileSync(path, text, { flag: 'wx' });
  const schema = join(dirname(path), SCHEMA_FILE);
  if (!existsSync(schema)) writeFileSync(schema, `${JSON.stringify(policyJsonSchema(PROVISIONERS), null, 2)}\n`);
  process.stdout.write(
    `${INIT_SAYS.written(path, SCHEMA_FILE)}\n\n${INIT_SAYS.next({ path, kind: answers.kind, variables })}`,
  );
  return 0;
}

async function complete(values: Values): Promise<Answers> {
  const missing = QUESTIONS.filter(({ name }) => values[name] === undefined);
  if (missing.length > 0 && !process.stdin.isTTY)
    throw new UsageError(MISUSE.initMissing(missing.map(({ name }) => `--${name}`)));
  const asked = missing.length > 0 ? await askFor(missing, process) : new Map<string, string>();
  return Object.fromEntries(QUESTIONS.map(({ name }) => [name, values[name] ?? asked.get(name) ?? ''])) as Answers;
}

/** @throws ConfigError if somebody stops it with Ctrl-C or Ctrl-D */
export async function askFor(
  questions: readonly (typeof QUESTIONS)[number][],
  { stdin, stdout }: Pick<typeof process, 'stdin' | 'stdout'>,
): Promise<Map<string, string>> {
  const terminal = createInterface({ input: stdin, output: stdout });
  let isStopped = false;
  terminal.once('close', () => {
    isStopped = true;
  });
  const answers = new Map<string, string>();
  try {
    for (const { name, ask, like } of questions)
      for (let answer = ''; !answers.has(name); ) {
        answer = (await terminal.question(`${ask}: `)).trim();
        if (like.test(answer)) answers.set(name, answer);
        else stdout.write(`${INIT_ASKS.tryAgain}\n`);
      }
  } catch (error) {
    if (!isStopped) throw error;
    stdout.write('\n');
    throw new ConfigError(PROBLEMS.stopped, { cause: error });
  } finally {
    terminal.close();
  }
  return answers;
}
