import type { InputBlock, KnownBlock, ModalView, Option, PlainTextOption } from '@slack/types';
import type { Incident } from '../../domain/evidence.ts';
import { REASON_MAX_LENGTH } from '../../domain/form.ts';
import { type Policy, type Role, roleKey } from '../../domain/policy.ts';
import { durationText, HOUR, MINUTE } from '../../domain/terms.ts';
import { LIMITS, plainText, section } from '../blocks.ts';

export const REQUEST_MODAL = 'jit_request';
export const ACTIONS = {
  role: 'request_role',
  duration: 'request_duration',
  reason: 'request_reason',
  incident: 'request_incident',
} as const;
/** Block ids. The duration's holds the role: another role starts from its own default. */
export const BLOCKS = { role: 'role', reason: 'reason', incident: 'incident', preview: 'preview' } as const;
export const durationBlock = (role: Role): string => `duration:${roleKey(role)}`;

const CHOICES = [
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
  24 * HOUR,
  72 * HOUR,
  168 * HOUR,
];

/** What the request form shows. A function of this and nothing else. */
export interface RequestForm {
  readonly role: { readonly role: Role; readonly resourceName: string } | null;
  readonly incidents: readonly Incident[];
  readonly incidentId: string | null;
  /** A line on what is known so far; mrkdwn. */
  readonly notice: string;
}

export function requestModal(form: RequestForm): ModalView {
  const blocks: KnownBlock[] = [roleInput(form)];
  if (form.role) blocks.push(durationInput(form.role.role), reasonInput(form.role.role));
  if (form.incidents.length > 0) blocks.push(incidentInput(form));
  blocks.push(section(form.notice, BLOCKS.preview));
  return {
    type: 'modal',
    callback_id: REQUEST_MODAL,
    title: plainText('Request access', 24),
    submit: plainText('Request', 24),
    close: plainText('Close', 24),
    blocks,
  };
}

/** A modal that only says something: the end of the road. */
export const messageModal = (title: string, blocks: KnownBlock[]): ModalView => ({
  type: 'modal',
  title: plainText(title, 24),
  close: plainText('Close', 24),
  blocks,
});

function roleInput({ role }: RequestForm): InputBlock {
  return {
    type: 'input',
    block_id: BLOCKS.role,
    dispatch_action: true,
    label: plainText('What do you need?'),
    element: {
      type: 'external_select',
      action_id: ACTIONS.role,
      min_query_length: 0,
      placeholder: plainText('Type a few letters of it'),
      ...(role && { initial_option: roleOption(role.role, role.resourceName) }),
    },
  };
}

function durationInput(role: Role): InputBlock {
  const values = [
    ...new Set([...CHOICES.filter((ms) => ms < role.duration.max), role.duration.default, role.duration.max]),
  ].sort((a, b) => a - b);
  const options = values.map((ms): PlainTextOption => ({ text: plainText(durationText(ms)), value: String(ms) }));
  const initial = options.find((option) => option.value === String(role.duration.default));
  return {
    type: 'input',
    block_id: durationBlock(role),
    dispatch_action: true,
    label: plainText('For how long?'),
    element: {
      type: 'static_select',
      action_id: ACTIONS.duration,
      options,
      ...(initial && { initial_option: initial }),
    },
  };
}

function reasonInput(role: Role): InputBlock {
  const { minLength, ticket } = role.reason;
  const hints = [
    minLength > 1 ? `At least ${minLength} characters.` : '',
    ticket ? `Name the ticket: one word has to match ${ticket.source}.` : '',
  ].filter(Boolean);
  return {
    type: 'input',
    block_id: BLOCKS.reason,
    optional: minLength === 0 && !ticket,
    label: plainText('Why?'),
    ...(hints.length > 0 && { hint: plainText(hints.join(' '), 2000) }),
    element: { type: 'plain_text_input', action_id: ACTIONS.reason, multiline: true, max_length: REASON_MAX_LENGTH },
  };
}

function incidentInput({ incidents, incidentId }: RequestForm): InputBlock {
  const options = incidents.slice(0, LIMITS.options).map(incidentOption);
  const initial = options.find((option) => option.value === incidentId);
  return {
    type: 'input',
    block_id: BLOCKS.incident,
    optional: true,
    dispatch_action: true,
    label: plainText('For which incident?'),
    element: {
      type: 'static_select',
      action_id: ACTIONS.incident,
      placeholder: plainText('None'),
      options,
      ...(initial && { initial_option: initial }),
    },
  };
}

const incidentOption = (incident: Incident): PlainTextOption => ({
  text: plainText(`#${incident.number} ${incident.title}`),
  value: incident.id,
});

const roleOption = (role: Role, resourceName: string): PlainTextOption => ({
  text: plainText(`${resourceName}: ${role.name}`),
  value: roleKey(role),
});

/** Roles whose names hold every word typed, best match first, as many as Slack takes. */
export function roleOptions(policy: Policy, typed: string): Option[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found: { option: Option; rank: number }[] = [];
  for (const resource of policy.resources.values()) {
    for (const role of resource.roles.values()) {
      const text = `${resource.name} ${role.name} ${roleKey(role)}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
      const rank = words.filter((word) => new RegExp(`(^|[^a-z0-9])${escapeRegExp(word)}`).test(text)).length;
      found.push({ option: roleOption(role, resource.name), rank: -rank });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, LIMITS.options)
    .map(({ option }) => option);
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Shown between the click on Request and the answer. */
export const workingModal = (): ModalView =>
  messageModal('Request access', [section(':hourglass_flowing_sand: Checking with PagerDuty and the policy…')]);

export const helpText = (): string =>
  [
    '*Access for as long as you need it, and no longer.*',
    '`/jit` opens the request form: pick what you need, for how long, and say why.',
    'The bot asks PagerDuty whether you are on call, and the policy decides: at once, by reviewers, or no.',
    'You get a message with the answer, until when it holds, and a button to give it back early.',
    '`/jit help` shows this.',
  ].join('\n');

export const openingNotice = ':hourglass_flowing_sand: Asking PagerDuty about you…';
