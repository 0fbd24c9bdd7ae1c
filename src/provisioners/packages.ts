import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Policy } from '../domain/policy.ts';
import { PROVISIONERS } from './registry.ts';

const require = createRequire(import.meta.url);

/** Versions that the bot was tried with. */
const { peerDependencies: VERSIONS } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { peerDependencies: Readonly<Record<string, string>> };

/** Some packages offer nothing to `require`: what counts is whether their folder is there. */
const isThere = (name: string): boolean =>
  (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name, 'package.json')));

/** What has to be installed for the targets of a policy, with the command that does it; null: nothing. */
export function lackingPackages(policy: Policy, isInstalled = isThere): string | null {
  const kinds = new Set([...policy.resources.values(), ...policy.retiredTargets].map(({ kind }) => kind));
  const lacking = PROVISIONERS.flatMap(({ kind, packages = [] }) => {
    const missing = packages.filter((name) => kinds.has(kind) && !isInstalled(name));
    return missing.length === 0 ? [] : [{ kind, missing }];
  });
  if (lacking.length === 0) return null;
  // One command for all that the policy needs, also what is there: npm takes out what an earlier --no-save put in.
  const needed = PROVISIONERS.flatMap(({ kind, packages = [] }) => (kinds.has(kind) ? packages : []));
  const wanted = [...new Set(needed)].map((name) => `'${name}@${VERSIONS[name] ?? 'latest'}'`).join(' ');
  const lines = lacking.map(
    ({ kind, missing }) => `targets of kind ${kind} need what is not installed: ${missing.join(', ')}.`,
  );
  // Without --save-prod npm takes them for what only the tests need, and leaves them out.
  return `${lines.join('\n')} Run: npm install --no-save --save-prod --omit=dev ${wanted}`;
}
