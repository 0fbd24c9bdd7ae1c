import type { Named } from './person.ts';
import {
  BREAK_GLASS_ITEM,
  type BreakGlassRule,
  isGroup,
  OPA_ITEM,
  type Policy,
  principalsOf,
  type Resource,
  type Role,
  type Rule,
  roleKey,
} from './policy.ts';
import { ruleText } from './policyText.ts';
import { durationText, type Instant, type RoleKey } from './terms.ts';

/**
 * A campaign in which the owners of resources confirm or remove who may get what. They are asked about each
 * rule that admits somebody, and each break-glass rule.
 */
export interface AccessReview {
  readonly id: string;
  readonly startedBy: Named;
  readonly startedAt: Instant;
  readonly dueAt: Instant;
  readonly policyHash: string;
  readonly items: readonly ReviewItem[];
  /** How often owners were reminded. */
  readonly reminded: number;
  /** null while it is open. */
  readonly closedAt: Instant | null;
}

export interface ReviewItem {
  readonly resource: string;
  readonly role: RoleKey;
  /** The rule in words. A removal refers to this text, so that a changed rule is a new one. */
  readonly entitlement: string;
  /** How often the role was used in the period before, and by how many people. */
  readonly uses: number;
  readonly people: number;
  /** null if not answered yet. */
  readonly answer: {
    readonly by: Named;
    readonly verdict: 'keep' | 'remove';
    readonly comment: string;
    readonly at: Instant;
  } | null;
}

/** A rule that an owner removed: it admits nobody until the policy file changes it. */
export interface Removal {
  readonly entitlement: string;
  readonly by: Named;
  readonly at: Instant;
  readonly review: string;
}

/** The owners of a resource; the administrators if it names none. */
export const ownersOf = (policy: Policy, resource: Pick<Resource, 'owners'> | undefined): readonly string[] =>
  resource && resource.owners.length > 0 ? resource.owners : policy.admins;

/** Everything by which somebody gets a role. */
export function entitlementsOf(role: Role): string[] {
  const rules = role.rules.filter(({ effect }) => effect !== 'deny').map(ruleText);
  const glass = role.breakGlass ? [glassText(role.breakGlass)] : [];
  const opa = role.opa ? [OPA_ITEM] : [];
  return [...new Set([...rules, ...glass, ...opa])];
}

/** The part of the policy that an entitlement names. */
export type Entitlement =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'break_glass'; readonly glass: BreakGlassRule }
  | { readonly kind: 'opa' };

/** Finds the part of the role's policy that an entitlement names. @returns null if the policy no longer has it */
export function entitlementIn(role: Role, entitlement: string): Entitlement | null {
  const rule = role.rules.find((one) => one.effect !== 'deny' && ruleText(one) === entitlement);
  if (rule) return { kind: 'rule', rule };
  if (role.breakGlass && entitlement === glassText(role.breakGlass))
    return { kind: 'break_glass', glass: role.breakGlass };
  return role.opa && entitlement === OPA_ITEM ? { kind: 'opa' } : null;
}

const glassText = ({ members, max }: BreakGlassRule): string =>
  `${BREAK_GLASS_ITEM}: ${members.join(', ')}, at most ${durationText(max)}`;

/** People whom an entitlement names individually; groups do not count. */
export function namedBy(role: Role, entitlement: string): string[] {
  const rules = role.rules.filter((rule) => rule.effect !== 'deny' && ruleText(rule) === entitlement);
  const glass = entitlement.startsWith(`${BREAK_GLASS_ITEM}:`) ? (role.breakGlass?.members ?? []) : [];
  return [...rules.flatMap(({ when }) => principalsOf(when)), ...glass].filter((id) => !isGroup(id));
}

export interface Use {
  readonly role: RoleKey;
  readonly uses: number;
  readonly people: number;
}

export const itemsOf = (policy: Policy, uses: readonly Use[]): ReviewItem[] =>
  [...policy.resources.values()].flatMap((resource) =>
    [...resource.roles.values()].flatMap((role) => {
      const key = roleKey(role);
      const used = uses.find((one) => one.role === key);
      return entitlementsOf(role).map((entitlement) => ({
        resource: resource.id,
        role: key,
        entitlement,
        uses: used?.uses ?? 0,
        people: used?.people ?? 0,
        answer: null,
      }));
    }),
  );
