import { dirname } from 'node:path';
import { parsePolicy } from '../../config/policyFile.ts';
import { type Finding, senseOf } from '../../domain/policySense.ts';
import { counted } from '../../domain/text.ts';
import { PROVISIONERS } from '../../provisioners/registry.ts';
import { databasePath, policyPath, readOptions, readText } from '../options.ts';
import { liveFindings } from './live.ts';
import { onlineFindings } from './online.ts';

interface Reported {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly message: string;
  readonly advice: string;
}

/** Exit codes: 0 nothing but warnings, 1 errors, 2 it could not be checked. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, files } = readOptions(args, {
    online: 'boolean',
    live: 'boolean',
    database: 'string',
    json: 'boolean',
  });
  const file = policyPath(files);
  const database = values.live ? databasePath(values.database) : null;
  const reported = await check(file, values.online === true, database);
  const errors = reported.filter(({ severity }) => severity === 'error').length;
  if (values.json) process.stdout.write(`${JSON.stringify({ file, errors, findings: reported }, null, 2)}\n`);
  else {
    for (const { severity, line, path, message, advice } of reported)
      process.stdout.write(
        `${file}:${line}  ${severity}  ${path || '(file)'}\n  ${message}\n${advice && `  → ${advice}\n`}`,
      );
    const warnings = reported.length - errors;
    process.stdout.write(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`);
  }
  return errors > 0 ? 1 : 0;
}

/** @param database where to look for access that is live; null: nowhere */
async function check(file: string, online: boolean, database: string | null): Promise<Reported[]> {
  const source = readText(file, 'the policy file');
  const result = parsePolicy(source, PROVISIONERS, process.env, {
    withoutSecrets: true,
    folder: dirname(file),
  });
  if ('issues' in result)
    return result.issues.map(({ line, path, message }) => ({
      severity: 'error',
      file,
      line,
      path,
      message,
      advice: '',
    }));
  const { policy, locate } = result;
  const found: Finding[] = [
    ...senseOf(policy),
    ...(online ? await onlineFindings(policy) : []),
    ...(database === null ? [] : await liveFindings(policy, database)),
  ];
  return found
    .map(({ severity, path, message, advice }) => ({ severity, file, ...locate(path), message, advice }))
    .sort((a, b) => a.line - b.line);
}
