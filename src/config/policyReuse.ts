/**
 * Expands what a policy file defines once and uses in many places: groups of people, groups of resources, and
 * templates.
 */

import { IN_FILE } from '../wording/terminal/policyFile.ts';

export type Path = readonly PropertyKey[];
type Report = (path: Path, message: string) => void;
type Fields = Readonly<Record<string, unknown>>;

/** Fields whose lists name people and user groups. */
const PEOPLE_FIELDS = new Set(['reviewers', 'members_of', 'admins', 'auditors', 'delegates', 'except']);
/** Fields whose lists name resources. */
const RESOURCE_FIELDS = new Set(['resources']);

export interface Reused {
  /** The document with all names expanded. */
  readonly document: unknown;
  /** Maps a path of the expanded document to its path in the file. */
  readonly origin: (path: Path) => Path;
}

/** Expands groups and templates. Issues are reported at their place in the file. */
export function expandReuse(raw: unknown, report: Report): Reused {
  if (!isFields(raw)) return { document: raw, origin: (path) => path };
  const { groups, resource_groups: resourceGroups, templates, ...rest } = raw;
  const names = { people: listsIn(groups), resources: listsIn(resourceGroups) };
  const inherited = new Map<string, { template: string; fields: ReadonlySet<string> }>();
  const withTemplates = inheritTemplates(rest, isFields(templates) ? templates : {}, { report, inherited });
  const document = {
    ...(expandNames(withTemplates, names) as Fields),
    ...(groups !== undefined && { groups }),
    ...(resourceGroups !== undefined && { resource_groups: resourceGroups }),
    ...(templates !== undefined && { templates: expandNames(templates, names) }),
  };
  return {
    document,
    origin: (path) => {
      const [root, resource, roles, role, field, ...below] = path;
      const from =
        root === 'resources' && roles === 'roles' ? inherited.get(`${String(resource)}/${String(role)}`) : undefined;
      return from && field !== undefined && from.fields.has(String(field))
        ? ['templates', from.template, field, ...below]
        : path;
    },
  };
}

/** A role inherits the fields of its template, except those that it sets itself. */
function inheritTemplates(
  raw: Fields,
  templates: Fields,
  { report, inherited }: { report: Report; inherited: Map<string, { template: string; fields: ReadonlySet<string> }> },
): Fields {
  if (!isFields(raw.resources)) return raw;
  const resources = mapFields(raw.resources, (resource, resourceId) => {
    if (!isFields(resource) || !isFields(resource.roles)) return resource;
    const roles = mapFields(resource.roles, (role, roleId) => {
      if (!isFields(role) || role.template === undefined) return role;
      const { template: name, ...own } = role;
      const template = typeof name === 'string' ? templates[name] : undefined;
      if (typeof name !== 'string' || !isFields(template)) {
        report(['resources', resourceId, 'roles', roleId, 'template'], IN_FILE.template(Object.keys(templates)));
        return own;
      }
      const fields = new Set(Object.keys(template).filter((field) => !(field in own)));
      inherited.set(`${resourceId}/${roleId}`, { template: name, fields });
      return { ...template, ...own };
    });
    return { ...resource, roles };
  });
  return { ...raw, resources };
}

function expandNames(
  value: unknown,
  names: { people: ReadonlyMap<string, readonly unknown[]>; resources: ReadonlyMap<string, readonly unknown[]> },
  field = '',
): unknown {
  if (Array.isArray(value)) {
    const known = PEOPLE_FIELDS.has(field) ? names.people : RESOURCE_FIELDS.has(field) ? names.resources : null;
    if (!known) return value.map((item) => expandNames(item, names));
    return [...new Set(value.flatMap((item) => (typeof item === 'string' ? (known.get(item) ?? [item]) : [item])))];
  }
  if (!isFields(value)) return value;
  // Inside `target` and `grants`, a field of that name means something else.
  return mapFields(value, (item, key) => (key === 'target' || key === 'grants' ? item : expandNames(item, names, key)));
}

const listsIn = (groups: unknown): ReadonlyMap<string, readonly unknown[]> =>
  new Map(
    Object.entries(isFields(groups) ? groups : {}).flatMap(([name, list]): [string, readonly unknown[]][] =>
      Array.isArray(list) ? [[name, list]] : [],
    ),
  );

const mapFields = (fields: Fields, change: (value: unknown, key: string) => unknown): Fields =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value, key)]));

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
