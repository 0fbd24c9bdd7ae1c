import { existsSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { version } from '../../app/version.ts';
import { createZip } from '../../auditBundle/zip.ts';
import { ConfigError } from '../../config/configError.ts';
import { VARIABLES } from '../../config/envSchema.ts';
import { readTextFile } from '../../config/readFile.ts';
import { secretsNamed } from '../../config/secrets.ts';
import { SECRET_VARIABLES } from '../../config/secretVariables.ts';
import { fromFiles } from '../../config/variables.ts';
import { createStriker } from '../../domain/secrets.ts';
import { openBeside } from '../../ledger/open/beside.ts';
import { openToRead } from '../../ledger/open/toRead.ts';
import { SUPPORT_GUIDE } from '../../wording/terminal/guides.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { SUPPORT } from '../../wording/terminal/options.ts';
import { FILES, PROBLEMS } from '../../wording/terminal/problems.ts';
import { RESULTS } from '../../wording/terminal/results.ts';
import { databasePath, ownZone } from '../options.ts';
import type { Given } from '../spec.ts';
import { readStatus } from '../status.ts';
import { UsageError } from '../usageError.ts';
import { databaseFacts } from './databaseFacts.ts';
import { logLines } from './logLines.ts';
import { statusFacts } from './statusFacts.ts';

/** `jitbot support`: facts for whoever looks for a fault. Exit codes: 0 made, 2 could not be made. */
export async function support({ values, files }: Given<typeof SUPPORT>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const out = values.out ?? 'jitbot-support.zip';
  if (existsSync(out)) throw new ConfigError(PROBLEMS.exists(out));
  const parts = await gathered(databasePath(files[0]), values.log);
  // Whoever runs this may not be allowed to read all of them. What the bot wrote has them redacted already.
  const inFiles = Object.values(fromFiles(SECRET_VARIABLES, process.env).filled);
  const strike = createStriker([...secretsNamed(process.env), ...inFiles]);
  const zip = createZip(out);
  zip.add('README.txt', [SUPPORT_GUIDE]);
  for (const [name, text] of parts) zip.add(name, [strike(text)]);
  zip.close();
  process.stdout.write(
    `${RESULTS.supported(
      out,
      parts.map(([name]) => name),
    )}\n`,
  );
  return 0;
}

async function gathered(path: string, log: string | undefined): Promise<[string, string][]> {
  const [ledger, beside] = [await openToRead(path), await openBeside(path)];
  try {
    const now = Date.now();
    const policy = process.env.JIT_POLICY;
    return [
      ['about.json', json(about(now))],
      ['environment.json', json(Object.fromEntries(VARIABLES.map((name) => [name, isSet(name) ? 'set' : 'not set'])))],
      ['status.json', json(statusFacts(await readStatus(beside, now)))],
      ['database.json', json(databaseFacts(ledger))],
      ...(policy === undefined ? [] : [['policy.json', json(await shapeOf(policy))] satisfies [string, string]]),
      ...(log === undefined ? [] : [['log.jsonl', linesOf(log)] satisfies [string, string]]),
    ];
  } finally {
    ledger.close();
    await beside.close();
  }
}

const isSet = (name: string): boolean => Boolean(process.env[name] ?? process.env[`${name}_FILE`]);

const about = (now: number) => ({
  madeAt: new Date(now).toISOString(),
  jitbot: version(),
  node: process.version,
  system: `${process.platform} ${release()} ${arch()}`,
  processors: cpus().length,
  memory: totalmem(),
  zone: ownZone(),
});

async function shapeOf(path: string): Promise<unknown> {
  const [{ readYaml }, { policyJsonSchema }, { PROVISIONERS }, { ownWords, policyShape }] = await Promise.all([
    import('../../config/yaml.ts'),
    import('../../config/policyJsonSchema.ts'),
    import('../../provisioners/registry.ts'),
    import('./policyShape.ts'),
  ]);
  const read = readYaml(readTextFile(path, FILES.policy));
  if ('problem' in read) throw new ConfigError(PROBLEMS.of(`${path}:${read.line}`, read.problem));
  return policyShape(read.value, ownWords(policyJsonSchema(PROVISIONERS)));
}

const linesOf = (path: string): string =>
  logLines(readTextFile(path, FILES.log))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
