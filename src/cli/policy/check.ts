import { dirname } from 'node:path';
import { parsePolicy } from '../../config/policyFile.ts';
import { readTextFile } from '../../config/readFile.ts';
import { type LintFinding, senseOf } from '../../domain/policyLint.ts';
import { PROVISIONERS } from '../../provisioners/registry.ts';
import type { POLICY_CHECK } from '../../wording/terminal/options.ts';
import { CHECKED } from '../../wording/terminal/policy.ts';
import { UNSET } from '../../wording/terminal/policyFile.ts';
import { FILES } from '../../wording/terminal/problems.ts';
import { databasePath, policyPath } from '../options.ts';
import { print } from '../shown.ts';
import type { Given } from '../spec.ts';

interface Reported {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly message: string;
  readonly advice: string;
}

/** Exit codes: 0 no errors, 1 errors, 2 it could not be checked. */
export async function run({ values, files }: Given<typeof POLICY_CHECK>): Promise<number> {
  const file = policyPath(files);
  const database = values.live ? databasePath(values.database) : null;
  const { reported, unset } = await check(file, values.online === true, database);
  const errors = reported.filter(({ severity }) => severity === 'error').length;
  if (values.json) process.stdout.write(`${JSON.stringify({ file, errors, findings: reported, unset }, null, 2)}\n`);
  else {
    for (const finding of reported) print(CHECKED.finding(finding).trimEnd());
    print(CHECKED.totals(errors, reported.length - errors));
    if (unset.length > 0) print(CHECKED.unset(unset));
  }
  return errors > 0 ? 1 : 0;
}

interface Checked {
  readonly reported: readonly Reported[];
  /** Environment variables that the file names and that are not set. */
  readonly unset: readonly string[];
}

/** @param database where to look for active access, or null to skip that */
async function check(file: string, online: boolean, database: string | null): Promise<Checked> {
  const source = readTextFile(file, FILES.policy);
  const result = parsePolicy(source, PROVISIONERS, process.env, {
    withoutSecrets: true,
    folder: dirname(file),
  });
  const unset = unsetIn(source, dirname(file));
  if ('issues' in result) {
    const reported = result.issues.map(
      ({ line, path, message }): Reported => ({ severity: 'error', file, line, path, message, advice: '' }),
    );
    return { reported, unset };
  }
  const { policy, locate } = result;
  const found: LintFinding[] = [
    ...senseOf(policy),
    ...(online ? await (await import('./online.ts')).onlineFindings(policy) : []),
    ...(database === null ? [] : await (await import('./live.ts')).liveFindings(policy, database)),
  ];
  const reported = found
    .map(({ severity, path, message, advice }) => ({ severity, file, ...locate(path), message, advice }))
    .sort((a, b) => a.line - b.line);
  return { reported, unset };
}

/** The variables that a start with this environment would lack. */
function unsetIn(source: string, folder: string): string[] {
  const strict = parsePolicy(source, PROVISIONERS, process.env, { folder });
  const messages = 'issues' in strict ? strict.issues.map(({ message }) => message) : [];
  return [
    ...new Set(
      messages.flatMap((message) =>
        message.startsWith(UNSET) ? [/^\w*/.exec(message.slice(UNSET.length))?.[0] ?? ''] : [],
      ),
    ),
  ];
}
