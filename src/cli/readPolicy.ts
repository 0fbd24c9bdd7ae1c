import { type LoadedPolicy, loadPolicy } from '../config/policyFile.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';

/** Loads a policy to read it, not to run it: its secrets may be missing. @throws ConfigError */
export const readPolicy = (path: string): LoadedPolicy =>
  loadPolicy(path, PROVISIONERS, process.env, { withoutSecrets: true });
