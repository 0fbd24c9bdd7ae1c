/** Checks of resources and targets that a schema of the whole file cannot express. */

import type { RetiredTarget } from '../domain/policy.ts';
import { IN_FILE } from '../wording/terminal/policyFile.ts';
import { entriesOf, fieldOf } from './issues.ts';
import { NAME } from './policyConditions.ts';
import type { Path } from './policyReuse.ts';
import { checkResource, checkTarget, lacksSecrets, type TargetKind } from './policyTargets.ts';

type Report = (path: Path, message: string) => void;

export interface Reading {
  readonly kinds: readonly TargetKind[];
  readonly variables: NodeJS.ProcessEnv;
  /** If true, a target whose secrets are missing is accepted as written. */
  readonly withoutSecrets: boolean;
  /** The folder of the policy file. */
  readonly folder: string;
}

/** @returns the parsed targets by resource, and the parsed `grants` by role key */
export function checkResources(
  raw: unknown,
  { withoutSecrets, ...reading }: Reading,
  report: Report,
): { targets: ReadonlyMap<string, unknown>; grants: ReadonlyMap<string, unknown> } {
  const targets = new Map<string, unknown>();
  const grants = new Map<string, unknown>();
  const identified = identifiedIn(raw);
  for (const [id, resource] of entriesOf(fieldOf(raw, 'resources'))) {
    checkNames(id, resource, report);
    const isDark = withoutSecrets && lacksSecrets(fieldOf(resource, 'target'), reading.variables);
    const check = { ...reading, variables: isDark ? null : reading.variables, report, identified };
    checkResource(id, resource, check, { targets, grants });
    checkNarrower(id, resource, report);
  }
  return { targets, grants };
}

export function checkRetired(
  raw: unknown,
  { kinds, variables, folder }: Omit<Reading, 'withoutSecrets'>,
  report: Report,
): RetiredTarget[] {
  const identified = identifiedIn(raw);
  return entriesOf(fieldOf(raw, 'retired_targets')).flatMap(([name, target]) => {
    // Its secrets may no longer be set. If access is still live there, the bot raises an alarm.
    const isDark = lacksSecrets(target, variables);
    const check = { kinds, variables: isDark ? null : variables, report, identified, folder };
    const checked = checkTarget(['retired_targets', name], target, check);
    const kind = String(fieldOf(target, 'kind'));
    const asWritten = Object.fromEntries(entriesOf(target));
    return checked ? [{ name, kind, target: checked.target ?? null, asWritten }] : [];
  });
}

/** Names of accounts that at least one person has. */
const identifiedIn = (raw: unknown): ReadonlySet<string> =>
  new Set([
    ...entriesOf(fieldOf(raw, 'identities')).flatMap(([, names]) => entriesOf(names).map(([name]) => name)),
    ...entriesOf(fieldOf(fieldOf(raw, 'canary'), 'identities')).map(([name]) => name),
  ]);

function checkNames(id: string, resource: unknown, report: Report): void {
  const roles = entriesOf(fieldOf(resource, 'roles')).map(([role]) => role);
  if (!NAME.pattern.test(id)) report(['resources', id], NAME.expected);
  for (const role of roles) if (!NAME.pattern.test(role)) report(['resources', id, 'roles', role], NAME.expected);
}

/** A role that may be given instead has to be another one of the same resource. */
function checkNarrower(id: string, resource: unknown, report: Report): void {
  const roles = entriesOf(fieldOf(resource, 'roles'));
  for (const [roleId, role] of roles) {
    const narrower = fieldOf(role, 'narrower');
    if (!Array.isArray(narrower)) continue;
    for (const [index, other] of narrower.entries()) {
      if (other === roleId || !roles.some(([name]) => name === other))
        report(
          ['resources', id, 'roles', roleId, 'narrower', index],
          IN_FILE.narrower(
            id,
            roles.map(([name]) => name).filter((name) => name !== roleId),
          ),
        );
    }
  }
}

/** Shared limits and freezes must name existing resources. */
export function checkResourceNames(raw: unknown, report: Report): void {
  const known = entriesOf(fieldOf(raw, 'resources')).map(([id]) => id);
  for (const field of ['limits', 'freezes', 'resource_groups'] as const) {
    for (const [key, entry] of entriesOf(fieldOf(raw, field))) {
      const named = field === 'resource_groups' ? entry : fieldOf(entry, 'resources');
      if (!Array.isArray(named)) continue;
      const wrong = named.find((name) => !known.includes(String(name)));
      const at = field === 'resource_groups' ? [field, key] : [field, Number(key), 'resources'];
      if (wrong !== undefined) report(at, IN_FILE.noResource(String(wrong)));
    }
  }
}
