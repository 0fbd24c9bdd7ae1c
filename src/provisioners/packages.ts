import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Policy } from '../domain/policy.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import { PROVISIONERS } from './registry.ts';

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The tested versions. */
const { peerDependencies: VERSIONS } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { peerDependencies: Readonly<Record<string, string>> };

/** Checks for the folder, because some packages cannot be resolved with `require`. */
const isThere = (name: string): boolean =>
  (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name, 'package.json')));

/** The packages that a policy's targets lack, with the command that installs them, or null. */
export function lackingPackages(policy: Policy, isInstalled = isThere, root = ROOT): string | null {
  const kinds = new Set([...policy.resources.values(), ...policy.retiredTargets].map(({ kind }) => kind));
  const lacking = PROVISIONERS.flatMap(({ kind, packages = [] }) => {
    const missing = packages.filter((name) => kinds.has(kind) && !isInstalled(name));
    return missing.length === 0 ? [] : [{ kind, missing }];
  });
  if (lacking.length === 0) return null;
  // One command for all needed packages, including installed ones: npm would remove those of an earlier --no-save.
  const needed = PROVISIONERS.flatMap(({ kind, packages = [] }) => (kinds.has(kind) ? packages : []));
  const wanted = [...new Set(needed)].map((name) => `'${name}@${VERSIONS[name] ?? 'latest'}'`).join(' ');
  const lines = lacking.map(({ kind, missing }) => TARGETS.packagesMissing(kind, missing.join(', ')));
  return TARGETS.install(lines.join('\n'), installOptions(root), wanted);
}

/** npm's options to install next to this program, depending on how it was installed. */
function installOptions(root: string): string {
  const modules = dirname(root.replace(/[/\\]$/, ''));
  // Without --save-prod, npm would treat them as development dependencies.
  if (!/[/\\]node_modules$/.test(modules)) return '--no-save --save-prod --omit=dev';
  const project = dirname(modules);
  if (existsSync(join(project, 'package.json'))) return `--save-exact --prefix ${project}`;
  // Globally: PREFIX/lib/node_modules, and PREFIX/node_modules on Windows.
  return `--global --prefix ${project.replace(/[/\\]lib$/, '')}`;
}
