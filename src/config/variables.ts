/** Adds `.env` and secrets in files to the environment. */

import { readFileSync } from 'node:fs';
import { parseEnv as parseEnvFile } from 'node:util';
import { SETTINGS, VALUE_FILES } from '../wording/terminal/settings.ts';
import { ConfigError } from './configError.ts';
import { SECRET_VARIABLES } from './secretVariables.ts';

const ENV_FILE = '.env';

/** Adds to `variables` what `.env` in the working directory sets and they do not. @throws ConfigError */
export function readEnvFile(variables: NodeJS.ProcessEnv, envFile = ENV_FILE): void {
  for (const [name, value] of Object.entries(fileVariables(envFile))) if (!variables[name]) variables[name] = value;
}

/**
 * Sets each of these variables to the content of the file that it names with `_FILE`, if it does. The bot reads all of
 * them, a command only what it uses: often only the bot's own user may read them.
 * @throws ConfigError
 */
export function readSecretFiles(variables: NodeJS.ProcessEnv, names: readonly string[] = SECRET_VARIABLES): void {
  const { filled, problems } = fromFiles(names, variables);
  if (problems.length > 0) throw new ConfigError(SETTINGS.list(problems));
  for (const [name, value] of Object.entries(filled)) {
    variables[name] = value;
    // Read once: a second call must not take it for a variable that is set twice.
    delete variables[`${name}_FILE`];
  }
}

interface FileProblem {
  readonly name: string;
  readonly message: string;
}

/** The values of variables that are set by a file, and what is wrong with others. */
export function fromFiles(
  names: readonly string[],
  variables: NodeJS.ProcessEnv,
): { readonly filled: Readonly<Record<string, string>>; readonly problems: readonly FileProblem[] } {
  const filled: Record<string, string> = {};
  const problems: FileProblem[] = [];
  for (const name of new Set(names)) {
    const path = variables[`${name}_FILE`];
    if (!path) continue;
    const read = variables[name] ? { problem: VALUE_FILES.both(name) } : contentOf(path, `${name}_FILE`);
    if ('problem' in read) problems.push({ name, message: read.problem });
    else filled[name] = read.content;
  }
  return { filled, problems };
}

function contentOf(path: string, variable: string): { readonly content: string } | { readonly problem: string } {
  try {
    // Most tools end a file with a line break, which is not part of the secret.
    const content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return content === '' ? { problem: VALUE_FILES.empty(path, variable) } : { content };
  } catch (error) {
    return { problem: VALUE_FILES.unreadable(path, variable, codeOf(error)) };
  }
}

function fileVariables(path: string): NodeJS.Dict<string> {
  try {
    return parseEnvFile(readFileSync(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw new ConfigError(VALUE_FILES.envFile(path, codeOf(error)), {
      cause: error,
    });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
