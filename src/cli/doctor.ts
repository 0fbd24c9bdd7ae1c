import { ConfigError } from '../config/configError.ts';
import { loadPolicy } from '../config/policyFile.ts';
import { readSecretFiles } from '../config/variables.ts';
import { lackingPackages } from '../provisioners/packages.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
import type { NO_OPTIONS } from '../wording/terminal/options.ts';
import { policyPath } from './options.ts';
import type { Given } from './spec.ts';

/** `jitbot doctor`: checks everything that the policy file names, with the credentials that the bot would use. */
export async function doctor({ files }: Given<typeof NO_OPTIONS>): Promise<number> {
  readSecretFiles(process.env);
  const loaded = loadPolicy(policyPath(files), PROVISIONERS, process.env);
  const missing = lackingPackages(loaded.policy);
  if (missing !== null) throw new ConfigError(missing);
  // Slack's and PagerDuty's clients: a file with mistakes needs neither.
  const { examine } = await import('./examine.ts');
  return await examine(loaded);
}
