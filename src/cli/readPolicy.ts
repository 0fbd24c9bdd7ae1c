import { type LoadedPolicy, loadPolicy } from '../config/policyFile.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';

/** A policy to look at, not to run: its secrets need not be at hand. @throws ConfigError */
export const readPolicy = (path: string): LoadedPolicy =>
  loadPolicy(path, PROVISIONERS, process.env, { withoutSecrets: true });
