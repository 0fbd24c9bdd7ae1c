import { findRole, type Policy, roleKey } from '../../../domain/policy.ts';
import type { Instant, Millis, RoleKey } from '../../../domain/terms.ts';
import { CODE } from '../../kit/codeForms.ts';
import { readMoment, readOption, readText, someOptions, type ViewValues } from '../../kit/formValues.ts';
import { roleLabel, roleLabels } from '../../kit/labels.ts';
import { ACTIONS, BLOCKS, type ChosenRole, durationBlock } from './modal.ts';

export interface FormValues {
  readonly role: RoleKey | null;
  readonly more: readonly string[];
  /** NaN if none was chosen. */
  readonly duration: Millis;
  readonly reason: string;
  readonly incident: string | null;
  readonly hasIncident: boolean;
  readonly startsAt: Instant | null;
  /** Whether the fields under "More options" are shown. */
  readonly isUnfolded: boolean;
  readonly code: string;
}

export function readForm(policy: Policy, values: ViewValues): FormValues {
  const role = readOption(values, BLOCKS.role, ACTIONS.role);
  const found = chosenRole(policy, role);
  const duration = found ? readOption(values, durationBlock(found.role), ACTIONS.duration) : null;
  const more = someOptions.safeParse(values[BLOCKS.more]?.[ACTIONS.more]).data?.selected_options ?? [];
  return {
    role,
    more: [...new Set(more.map(({ value }) => value))].filter((key) => key !== role),
    duration: duration === null ? Number.NaN : Number(duration),
    reason: readText(values, BLOCKS.reason, ACTIONS.reason),
    incident: readOption(values, BLOCKS.incident, ACTIONS.incident),
    hasIncident: BLOCKS.incident in values,
    startsAt: readMoment(values, BLOCKS.start, ACTIONS.start),
    isUnfolded: BLOCKS.start in values,
    code: readText(values, CODE.block, CODE.action),
  };
}

export function chosenRole(policy: Policy, key: string | null): ChosenRole | null {
  const role = key === null ? undefined : findRole(policy, key);
  if (!role) return null;
  const resourceName = policy.resources.get(role.resourceId)?.name ?? role.resourceId;
  return { role, resourceName, label: roleLabels(policy).get(roleKey(role)) ?? roleLabel(resourceName, role) };
}
