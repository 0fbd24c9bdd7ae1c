/** Labels of roles and resources in lists: within Slack's limit, and unique. */

import { type Policy, type Role, roleKey } from '../../domain/policy.ts';
import { visible } from '../../domain/text.ts';
import { LIMITS } from './blocks.ts';

const MOST = LIMITS.optionText;
/** Room for a role's name after the resource's, and for an id after both. */
const ROLE_MOST = 36;
const ID_MOST = 40;

/** Cuts the middle of a text that is too long, because names can differ at either end. */
export function ends(text: string, most: number = MOST): string {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  const head = text.slice(0, most - 1 - tail).replace(/[\ud800-\udbff]$/, '');
  return `${head}…${text.slice(-tail).replace(/^[\udc00-\udfff]/, '')}`;
}

export function roleLabel(resourceName: string, role: Pick<Role, 'name'>): string {
  const [resource, name] = [visible(resourceName), visible(role.name)];
  if (resource.length + name.length + 3 <= MOST) return `${resource} (${name})`;
  const shown = ends(name, Math.max(ROLE_MOST, MOST - 3 - resource.length));
  return `${ends(resource, MOST - 3 - shown.length)} (${shown})`;
}

interface Named {
  readonly id: string;
  readonly label: string;
}

/** Labels by id. If two would be equal, the id is added. */
export function distinct(named: readonly Named[]): ReadonlyMap<string, string> {
  const seen = (label: string) => label.toLowerCase().replace(/\s+/g, ' ');
  const counts = new Map<string, number>();
  for (const { label } of named) counts.set(seen(label), (counts.get(seen(label)) ?? 0) + 1);
  const taken = new Set<string>();
  return new Map(
    named.map(({ id, label }) => {
      const isAlone = counts.get(seen(label)) === 1;
      let text = isAlone ? label : withId(label, id);
      for (let again = 2; taken.has(seen(text)); again += 1) text = withId(label, `${ends(id, ID_MOST - 5)} ${again}`);
      taken.add(seen(text));
      return [id, text];
    }),
  );
}

function withId(label: string, id: string): string {
  const shown = ends(id, ID_MOST);
  return `${ends(label, MOST - shown.length - 3)} (${shown})`;
}

const roles = new WeakMap<Policy['resources'], ReadonlyMap<string, string>>();
const resources = new WeakMap<Policy['resources'], ReadonlyMap<string, string>>();

/** By role key. Computed once for each policy, which may have thousands. */
export function roleLabels({ resources: all }: Policy): ReadonlyMap<string, string> {
  const known = roles.get(all);
  if (known) return known;
  const found = distinct(
    [...all.values()].flatMap(({ name, roles: own }) =>
      [...own.values()].map((role) => ({ id: roleKey(role), label: roleLabel(name, role) })),
    ),
  );
  roles.set(all, found);
  return found;
}

/** By id of the resource. */
export function resourceLabels({ resources: all }: Policy): ReadonlyMap<string, string> {
  const known = resources.get(all);
  if (known) return known;
  const found = distinct([...all.values()].map(({ id, name }) => ({ id, label: ends(visible(name), MOST) })));
  resources.set(all, found);
  return found;
}
