import { z } from 'zod';
import { findRole, type Policy, roleKey } from '../../domain/policy.ts';
import { type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import { CODE } from '../factor/views.ts';
import { roleLabel, roleLabels } from './labels.ts';
import { ACTIONS, BLOCKS, type ChosenRole, durationBlock } from './modal.ts';

/** What a form holds, read from what Slack sends; anything of another shape counts as empty. */

export type ViewValues = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Slack's own limit for what stands behind an option. */
const optionValue = z.object({ value: z.string().max(150) });
/** Longer than any text that a form asks for: what is too long is said so, and is not carried around whole. */
const TEXT_MAX = 2_000;

const oneOption = z.object({ selected_option: optionValue.nullish() });
const someOptions = z.object({ selected_options: z.array(optionValue).nullish() });
const typed = z.object({ value: z.string().nullish() });
const moment = z.object({ selected_date_time: z.number().nullish() });

export const readOption = (values: ViewValues, block: string, action: string): string | null =>
  oneOption.safeParse(values[block]?.[action]).data?.selected_option?.value ?? null;
export const readText = (values: ViewValues, block: string, action: string): string =>
  typed.safeParse(values[block]?.[action]).data?.value?.slice(0, TEXT_MAX) ?? '';
export const readMoment = (values: ViewValues, block: string, action: string): Instant | null => {
  const seconds = moment.safeParse(values[block]?.[action]).data?.selected_date_time;
  return seconds === null || seconds === undefined ? null : seconds * SECOND;
};

export interface FormValues {
  readonly role: string | null;
  readonly more: readonly string[];
  /** NaN: none was chosen. */
  readonly duration: Millis;
  readonly reason: string;
  readonly incident: string | null;
  readonly hasIncident: boolean;
  readonly startsAt: Instant | null;
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
    code: readText(values, CODE.block, CODE.action),
  };
}

export function chosenRole(policy: Policy, key: string | null): ChosenRole | null {
  const role = key === null ? undefined : findRole(policy, key);
  if (!role) return null;
  const resourceName = policy.resources.get(role.resourceId)?.name ?? role.resourceId;
  return { role, resourceName, label: roleLabels(policy).get(roleKey(role)) ?? roleLabel(resourceName, role) };
}
