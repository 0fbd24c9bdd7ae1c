import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ConfigError } from '../config/configError.ts';
import type { INIT } from './commandOptions.ts';
import { type Answers, firstPolicy, SCHEMA_FILE, TARGETS } from './firstPolicy.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

type Values = Given<typeof INIT>['values'];

/** What `init` has to know, and how it asks for it. */
const QUESTIONS = [
  { name: 'audit-channel', ask: 'Id of the channel for the audit record (C…)', like: /^[CG][A-Z0-9]{2,}$/ },
  { name: 'approvals-channel', ask: 'Id of the channel for approvals (C…)', like: /^[CG][A-Z0-9]{2,}$/ },
  { name: 'admin', ask: 'Slack id of an administrator (U…), or of a user group (S…)', like: /^[USW][A-Z0-9]{2,}$/ },
  {
    name: 'reviewers',
    ask: 'Slack id of whoever approves: a user group (S…) or a person (U…)',
    like: /^[USW][A-Z0-9]{2,}$/,
  },
  {
    name: 'escalation-policy',
    ask: 'Id of the PagerDuty escalation policy whose people on call get access at once (P…)',
    like: /^[A-Z0-9]{4,}$/,
  },
  {
    name: 'kind',
    ask: `Kind of the first resource (${Object.keys(TARGETS).join(', ')})`,
    like: new RegExp(`^(${Object.keys(TARGETS).join('|')})$`),
  },
  { name: 'resource', ask: 'What to call it, such as payments-db', like: /^[a-z0-9][a-z0-9-]{0,39}$/ },
] as const satisfies readonly { name: keyof Answers; ask: string; like: RegExp }[];

/** `jitbot init`: a policy file with a first resource, and what to do next. Asks where it can for what no option says. */
export async function init({ values, files }: Given<typeof INIT>): Promise<number> {
  if (files.length > 1) throw new UsageError(`one file at a time, not ${files.length}`);
  const path = files[0] ?? 'policy.yaml';
  if (existsSync(path)) throw new ConfigError(`${path}: is there already; name a new file`);
  for (const { name, like } of QUESTIONS) {
    const given = values[name];
    if (given !== undefined && !like.test(given))
      throw new UsageError(`--${name} ${given} is not what it should look like`);
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
      `the policy would have mistakes: ${read.issues.map(({ path: at, message }) => `${at}: ${message}`).join('; ')}`,
    );
  writeFileSync(path, text, { flag: 'wx' });
  const schema = join(dirname(path), SCHEMA_FILE);
  if (!existsSync(schema)) writeFileSync(schema, `${JSON.stringify(policyJsonSchema(PROVISIONERS), null, 2)}\n`);
  process.stdout.write(
    `${path} is written, and beside it ${SCHEMA_FILE} for your editor.\n\n${nextSteps(path, answers, variables)}`,
  );
  return 0;
}

async function complete(values: Values): Promise<Answers> {
  const missing = QUESTIONS.filter(({ name }) => values[name] === undefined);
  if (missing.length > 0 && !process.stdin.isTTY)
    throw new UsageError(`without a terminal to ask on it needs ${missing.map(({ name }) => `--${name}`).join(', ')}`);
  const asked = missing.length > 0 ? await askFor(missing) : new Map<string, string>();
  return Object.fromEntries(QUESTIONS.map(({ name }) => [name, values[name] ?? asked.get(name) ?? ''])) as Answers;
}

async function askFor(questions: readonly (typeof QUESTIONS)[number][]): Promise<Map<string, string>> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answers = new Map<string, string>();
  try {
    for (const { name, ask, like } of questions)
      for (let answer = ''; !answers.has(name); ) {
        answer = (await terminal.question(`${ask}: `)).trim();
        if (like.test(answer)) answers.set(name, answer);
        else process.stdout.write('  That does not look like one.\n');
      }
  } finally {
    terminal.close();
  }
  return answers;
}

function nextSteps(path: string, { kind }: Answers, variables: readonly string[]): string {
  const steps = [
    'jitbot manifest > manifest.yml, and paste it at https://api.slack.com/apps → Create New App → From a manifest',
    'Install the app, and /invite @jit to both channels',
    'Make a PagerDuty key: Integrations → API Access Keys',
    `Set ${['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'PAGERDUTY_TOKEN', 'JIT_DATABASE', ...variables].join(', ')}, and JIT_POLICY=${path}`,
    `Give the bot its rights at the target: docs/targets/${kind}.md lists them`,
    `jitbot policy check ${path} --online, and jitbot doctor ${path}`,
    'npm start',
  ];
  return `Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`;
}
