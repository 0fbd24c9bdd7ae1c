import type { InputBlock, KnownBlock, ModalView, Option, PlainTextOption } from '@slack/types';
import { REASON_MAX_LENGTH } from '../../../domain/form.ts';
import type { Incident } from '../../../domain/incident.ts';
import { type Policy, type Role, roleKey } from '../../../domain/policy.ts';
import { durationText, HOUR, type Instant, MINUTE, type Millis, SECOND } from '../../../domain/terms.ts';
import { cut } from '../../../domain/text.ts';
import { ticketExample } from '../../../domain/ticketExample.ts';
import { EMERGENCY_REASON_MIN_LENGTH } from '../../../lifecycle/breakGlass/breakGlass.ts';
import { MOST_ROLES } from '../../../lifecycle/request/submitRequest.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { BREAK_GLASS_FORM, REQUEST_FORM } from '../../../wording/forms.ts';
import { button, LIMITS, plainText, section } from '../../kit/blocks.ts';
import { codeBlocks } from '../../kit/codeForms.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { messageModal } from '../../kit/forms.ts';
import { roleLabel, roleLabels } from '../../kit/labels.ts';

export const REQUEST_MODAL = 'jit_request';
export const ACTIONS = {
  role: 'request_role',
  more: 'request_more',
  duration: 'request_duration',
  reason: 'request_reason',
  incident: 'request_incident',
  start: 'request_start',
  options: 'request_options',
} as const;
/** Block ids. That of the duration contains the role, so that another role starts with its own default. */
export const BLOCKS = {
  role: 'role',
  more: 'more',
  reason: 'reason',
  incident: 'incident',
  start: 'start',
  preview: 'preview',
  options: 'options',
} as const;
export const durationBlock = (role: Role): string => `duration:${roleKey(role)}`;
/** Maximum number of additional roles. */
const MOST_MORE = MOST_ROLES - 1;

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

export interface ChosenRole {
  readonly role: Role;
  readonly resourceName: string;
  /** Its label in the list. Without it, the names alone. */
  readonly label?: string;
}

/** An ordinary request, or break-glass. */
export type Mode = 'request' | 'break_glass';

/** Everything that the request form shows. */
export interface RequestForm {
  readonly mode: Mode;
  readonly role: ChosenRole | null;
  /** Additional roles. Each is decided on its own. */
  readonly more: readonly ChosenRole[];
  /** The duration known when the form opens, or null for the role's default. */
  readonly duration: Millis | null;
  readonly reason: string;
  readonly startsAt: Instant | null;
  /**
   * Whether typed times are still being resolved. Slack uses the initial value of an input only when it first shows it,
   * so these inputs wait.
   */
  readonly isWorkingOutTimes: boolean;
  readonly incidents: readonly Incident[];
  readonly incidentId: string | null;
  /** Whether the fields under "More options" are shown. */
  readonly isUnfolded: boolean;
  /** They have set up one-time codes. */
  readonly hasCodes: boolean;
  /** A line about what is known so far, as mrkdwn. */
  readonly notice: string;
}

export const emptyForm = (mode: Mode, notice: string): RequestForm => ({
  mode,
  role: null,
  more: [],
  duration: null,
  reason: '',
  startsAt: null,
  isWorkingOutTimes: false,
  incidents: [],
  incidentId: null,
  isUnfolded: false,
  hasCodes: true,
  notice,
});

export function requestModal(form: RequestForm): ModalView {
  const isEmergency = form.mode === 'break_glass';
  const words = isEmergency ? BREAK_GLASS_FORM : REQUEST_FORM;
  const blocks: KnownBlock[] = [];
  if (isEmergency) blocks.push(paragraph(BREAK_GLASS_FORM.warning));
  blocks.push(roleInput(form));
  if (form.role && !form.isWorkingOutTimes) blocks.push(durationInput(form, form.role.role));
  if (form.role) blocks.push(reasonInput(form, form.role.role));
  if (form.incidents.length > 0) blocks.push(incidentInput(form));
  // The preview comes right below the fields that it depends on, before "More options".
  blocks.push(section(form.notice, BLOCKS.preview));
  const chosen = form.role ? [form.role, ...form.more] : [];
  if (chosen.some(({ role }) => role.secondFactor.request)) blocks.push(...codeBlocks(form.hasCodes));
  if (form.role && !isEmergency && !form.isWorkingOutTimes) blocks.push(...rareBlocks(form));
  return {
    type: 'modal',
    callback_id: REQUEST_MODAL,
    private_metadata: form.mode,
    title: plainText(words.title, 24),
    submit: plainText(words.submit, 24),
    close: plainText(BUTTONS.close.close, 24),
    blocks,
  };
}

/** The fields under "More options". They are shown if one has a value. */
function rareBlocks(form: RequestForm): KnownBlock[] {
  if (form.isUnfolded || form.more.length > 0 || form.startsAt !== null) return [moreInput(form), startInput(form)];
  const unfold = button(REQUEST_FORM.options, ACTIONS.options, 'unfold');
  return [{ type: 'actions', block_id: BLOCKS.options, elements: [unfold] }];
}

const roleInput = ({ role }: RequestForm): InputBlock => ({
  type: 'input',
  block_id: BLOCKS.role,
  dispatch_action: true,
  label: plainText(REQUEST_FORM.what),
  element: {
    type: 'external_select',
    action_id: ACTIONS.role,
    min_query_length: 0,
    placeholder: plainText(REQUEST_FORM.search),
    ...(role && { initial_option: roleOption(role) }),
  },
});

const moreInput = ({ more }: RequestForm): InputBlock => ({
  type: 'input',
  block_id: BLOCKS.more,
  optional: true,
  dispatch_action: true,
  label: plainText(REQUEST_FORM.more),
  hint: plainText(REQUEST_FORM.moreHint, 2000),
  element: {
    type: 'multi_external_select',
    action_id: ACTIONS.more,
    min_query_length: 0,
    max_selected_items: MOST_MORE,
    placeholder: plainText(REQUEST_FORM.nothingElse),
    ...(more.length > 0 && { initial_options: more.map(roleOption) }),
  },
});

function durationInput({ mode, duration }: RequestForm, role: Role): InputBlock {
  const max = mode === 'break_glass' ? (role.breakGlass?.max ?? role.duration.max) : role.duration.max;
  const usual = Math.min(role.duration.default, max);
  const wanted = duration !== null && duration > 0 ? Math.min(duration, max) : usual;
  const values = [...new Set([...CHOICES.filter((ms) => ms < max), usual, wanted, max])].sort((a, b) => a - b);
  const options = values.map((ms): PlainTextOption => ({ text: plainText(durationText(ms)), value: String(ms) }));
  const initial = options.find((option) => option.value === String(wanted));
  return {
    type: 'input',
    block_id: durationBlock(role),
    dispatch_action: true,
    label: plainText(REQUEST_FORM.howLong),
    element: {
      type: 'static_select',
      action_id: ACTIONS.duration,
      options,
      ...(initial && { initial_option: initial }),
    },
  };
}

function reasonInput({ mode, reason }: RequestForm, role: Role): InputBlock {
  const isEmergency = mode === 'break_glass';
  const minLength = isEmergency ? EMERGENCY_REASON_MIN_LENGTH : role.reason.minLength;
  const ticket = isEmergency ? null : role.reason.ticket;
  const hints = [
    minLength > 1 ? REQUEST_FORM.atLeast(minLength) : '',
    ticket ? REQUEST_FORM.ticketHint(ticketExample(ticket), ticket.source) : '',
  ].filter(Boolean);
  return {
    type: 'input',
    block_id: BLOCKS.reason,
    optional: minLength === 0 && !ticket,
    label: plainText(REQUEST_FORM.why),
    ...(hints.length > 0 && { hint: plainText(hints.join(' '), 2000) }),
    element: {
      type: 'plain_text_input',
      action_id: ACTIONS.reason,
      multiline: true,
      max_length: REASON_MAX_LENGTH,
      ...(reason && { initial_value: cut(reason, REASON_MAX_LENGTH) }),
    },
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
    label: plainText(REQUEST_FORM.incident),
    element: {
      type: 'static_select',
      action_id: ACTIONS.incident,
      placeholder: plainText(REQUEST_FORM.noIncident),
      options,
      ...(initial && { initial_option: initial }),
    },
  };
}

const startInput = ({ startsAt }: RequestForm): InputBlock => ({
  type: 'input',
  block_id: BLOCKS.start,
  optional: true,
  dispatch_action: true,
  label: plainText(REQUEST_FORM.start),
  hint: plainText(REQUEST_FORM.startHint, 2000),
  element: {
    type: 'datetimepicker',
    action_id: ACTIONS.start,
    ...(startsAt !== null && { initial_date_time: Math.floor(startsAt / SECOND) }),
  },
});

const incidentOption = (incident: Incident): PlainTextOption => ({
  text: plainText(`#${incident.number} ${incident.title}`),
  value: incident.id,
});

const roleOption = ({ role, resourceName, label }: ChosenRole): PlainTextOption => ({
  text: plainText(label ?? roleLabel(resourceName, role)),
  value: roleKey(role),
});

/** Longer search texts are cut. */
const MOST_TYPED = 200;

/** Roles whose names contain every typed word, best match first, up to Slack's limit. */
export function roleOptions(policy: Policy, typed: string, mode: Mode = 'request'): Option[] {
  const words = typed.slice(0, MOST_TYPED).toLowerCase().split(/\s+/).filter(Boolean);
  const found: { option: Option; rank: number }[] = [];
  const labels = roleLabels(policy);
  for (const resource of policy.resources.values()) {
    for (const role of resource.roles.values()) {
      if (mode === 'break_glass' && !role.breakGlass) continue;
      const text = `${resource.name} ${role.name} ${roleKey(role)}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
      const rank = words.filter((word) => new RegExp(`(^|[^a-z0-9])${escapeRegExp(word)}`).test(text)).length;
      const label = labels.get(roleKey(role)) ?? roleLabel(resource.name, role);
      found.push({ option: roleOption({ role, resourceName: resource.name, label }), rank: -rank });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank)
    .slice(0, LIMITS.options)
    .map(({ option }) => option);
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Shown between the click on Request and the answer. */
export const workingModal = (): ModalView => messageModal(REQUEST_FORM.title, [paragraph(REQUEST_FORM.working)]);

export const openingNotice = drawn(REQUEST_FORM.opening);
