import { ConfigError } from '../config/configError.ts';
import { type Env, parseEnv } from '../config/env.ts';
import { type LoadedPolicy, loadPolicy } from '../config/policyFile.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
import { has, lacking } from './lacking.ts';

/**
 * Reads the environment and the policy file that it names.
 * @throws ConfigError with every mistake in both, and in how they fit together
 */
export function readConfig(variables: NodeJS.ProcessEnv): { env: Env; loaded: LoadedPolicy } {
  const env = attempt(() => parseEnv(variables));
  const path = 'value' in env ? env.value.policyPath : variables.JIT_POLICY;
  const loaded = path ? attempt(() => loadPolicy(path, PROVISIONERS, variables)) : null;
  const set =
    'value' in env
      ? has(env.value)
      : { secretKey: Boolean(variables.JIT_SECRET_KEY), pagerDutyFrom: Boolean(variables.PAGERDUTY_FROM) };
  const missing = loaded && 'value' in loaded ? lacking(set, loaded.value.policy) : [];
  if ('value' in env && loaded && 'value' in loaded && missing.length === 0)
    return { env: env.value, loaded: loaded.value };
  const problems = [env, loaded].flatMap((read) => (read && 'problem' in read ? [read.problem] : []));
  throw new ConfigError([...problems, ...missing].join('\n'));
}

function attempt<T>(read: () => T): { value: T } | { problem: string } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message };
    throw error;
  }
}
