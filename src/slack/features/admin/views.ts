/** What administrators see: active access, waiting requests, and the switches. */

import { createHash } from 'node:crypto';
import type { KnownBlock, ModalView } from '@slack/types';
import type { LiveGrant } from '../../../domain/grant.ts';
import type { Policy } from '../../../domain/policy.ts';
import type { Freeze } from '../../../domain/records.ts';
import type { Request } from '../../../domain/request.ts';
import { cut } from '../../../domain/text.ts';
import { type Stranded, strandedLine } from '../../../lifecycle/grant/strandedAccess.ts';
import type { Reload } from '../../../lifecycle/reloadPolicy.ts';
import { ADMIN_WORDS, FREEZE_FORM, GONE_FORM, grantSentence, RELOAD_FORM } from '../../../wording/admin.ts';
import { BUTTONS, CONFIRM } from '../../../wording/buttons.ts';
import { statusSentence } from '../../../wording/cards.ts';
import { button, LIMITS, plainText, quote, section } from '../../kit/blocks.ts';
import { confirmation, endButton } from '../../kit/buttons.ts';
import { codeBlocks } from '../../kit/codeForms.ts';
import { paragraph, smallPrint } from '../../kit/drawn.ts';
import { roleNameIn } from '../../outbox/shown.ts';

export const ADMIN = {
  filter: 'admin_filter',
  person: 'admin_person',
  resource: 'admin_resource',
  incident: 'admin_incident',
  end: 'admin_end',
  endAll: 'admin_end_all',
  gone: 'admin_gone',
  freeze: 'admin_freeze',
  unfreeze: 'admin_unfreeze',
  reload: 'admin_reload',
  resetBlock: 'admin_reset_block',
  reset: 'admin_reset',
} as const;
export const FREEZE_MODAL = 'admin_freeze_modal';
export const RELOAD_MODAL = 'admin_reload_modal';
export const GONE_MODAL = 'admin_gone_modal';
export const GONE_REASON = 'gone_reason';
export const FREEZE_REASON = 'freeze_reason';

const MOST_GRANTS = 20;
/** An answer to a command can have 50 blocks. */
const MOST_TOLD = 20;
const MOST_REQUESTS = 10;

export interface AdminInput {
  readonly word: string | null;
  readonly freeze: Freeze | null;
  readonly grants: readonly LiveGrant[];
  readonly requests: readonly Request[];
}

/** Active access with buttons to end it, for when no form can be opened. */
export function adminBlocks(policy: Policy, { word, freeze, grants }: Omit<AdminInput, 'requests'>): KnownBlock[] {
  const shown = grants.slice(0, MOST_TOLD);
  return [
    ...(word ? [section(word)] : []),
    ...(freeze ? frozenBlocks(freeze) : [paragraph(ADMIN_WORDS.noForm)]),
    paragraph(ADMIN_WORDS.active(grants.length)),
    ...shown.flatMap((grant): KnownBlock[] => [
      holdsLine(policy, grant),
      ...(isEndable(grant) ? [{ type: 'actions' as const, elements: [endButton(grant.id, BUTTONS.end)] }] : []),
    ]),
    ...(grants.length > shown.length ? [smallPrint(ADMIN_WORDS.more(grants.length - shown.length))] : []),
  ];
}

export function adminModal(policy: Policy, { word, freeze, grants, requests }: AdminInput): ModalView {
  const shown = grants.slice(0, MOST_GRANTS);
  const more = grants.length - shown.length;
  const blocks: KnownBlock[] = [
    ...(word ? [section(word)] : []),
    ...(freeze ? frozenBlocks(freeze) : []),
    whose,
    paragraph(ADMIN_WORDS.active(grants.length)),
    ...shown.map((grant) => activeLine(policy, grant)),
    ...(more > 0 ? [smallPrint(ADMIN_WORDS.moreHere(more))] : []),
    paragraph(ADMIN_WORDS.waiting(requests.length)),
    ...requests
      .slice(0, MOST_REQUESTS)
      .map((request) =>
        paragraph(
          ADMIN_WORDS.asks(request.requester.slackId, roleNameIn(policy, request.role), statusSentence(request, null)),
        ),
      ),
    { type: 'divider' },
    { type: 'actions', elements: switches(freeze, shown.filter(isEndable)) },
    resetCodes,
  ];
  return {
    type: 'modal',
    title: plainText(ADMIN_WORDS.title, 24),
    close: plainText(BUTTONS.close.close, 24),
    blocks: blocks.slice(0, LIMITS.homeBlocks),
  };
}

/** Who froze everything, since when, and why. */
const frozenBlocks = ({ by, at, reason }: Freeze): KnownBlock[] => [
  paragraph(ADMIN_WORDS.frozen(by.slackId, at)),
  quote(reason),
];

const whose: KnownBlock = {
  type: 'actions',
  block_id: ADMIN.filter,
  elements: [
    { type: 'users_select', action_id: ADMIN.person, placeholder: plainText(ADMIN_WORDS.everybody) },
    {
      type: 'external_select',
      action_id: ADMIN.resource,
      min_query_length: 0,
      placeholder: plainText(ADMIN_WORDS.everyResource),
    },
    {
      type: 'external_select',
      action_id: ADMIN.incident,
      min_query_length: 0,
      placeholder: plainText(ADMIN_WORDS.everyIncident),
    },
  ],
};

/** One grant, with the button that fits its state. */
function activeLine(policy: Policy, grant: LiveGrant): KnownBlock {
  const line = holdsLine(policy, grant);
  if (isEndable(grant))
    return {
      ...line,
      accessory: button(BUTTONS.end, ADMIN.end, grant.id, { confirm: confirmation(CONFIRM.end, 'danger') }),
    };
  return grant.state === 'overdue' ? { ...line, accessory: button(BUTTONS.gone, ADMIN.gone, grant.id) } : line;
}

/** @param shown the grants in the list that can still end: the button ends exactly those */
const switches = (freeze: Freeze | null, shown: readonly LiveGrant[]) => [
  ...(shown.length > 0
    ? [
        button(BUTTONS.endAllShown(shown.length), ADMIN.endAll, shown.map(({ id }) => id).join(' '), {
          confirm: confirmation(CONFIRM.endAll, 'danger'),
        }),
      ]
    : []),
  freeze
    ? button(BUTTONS.liftFreeze, ADMIN.unfreeze, 'unfreeze', { confirm: confirmation(CONFIRM.liftFreeze) })
    : button(BUTTONS.freeze, ADMIN.freeze, 'freeze', { style: 'danger' }),
  button(BUTTONS.reload, ADMIN.reload, 'reload'),
];

const isEndable = ({ state }: LiveGrant): boolean => state === 'active' || state === 'provisioning';

const holdsLine = (policy: Policy, grant: LiveGrant) =>
  paragraph(ADMIN_WORDS.holds(grant.person.slackId, roleNameIn(policy, grant.role), grantSentence(grant)));

export const freezeModal = (live: number): ModalView => ({
  type: 'modal',
  callback_id: FREEZE_MODAL,
  title: plainText(FREEZE_FORM.title, 24),
  submit: plainText(FREEZE_FORM.submit, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [
    paragraph(FREEZE_FORM.about(live)),
    {
      type: 'input',
      block_id: FREEZE_REASON,
      label: plainText(FREEZE_FORM.why),
      hint: plainText(FREEZE_FORM.whyHint, 2000),
      element: { type: 'plain_text_input', action_id: FREEZE_REASON, multiline: true, max_length: 500 },
    },
  ],
});

/** @param code the field of the one-time code, or null if reviewing the role needs none */
export const goneModal = (
  policy: Policy,
  grant: LiveGrant,
  code: { readonly hasCodes: boolean } | null,
): ModalView => ({
  type: 'modal',
  callback_id: GONE_MODAL,
  private_metadata: grant.id,
  title: plainText(GONE_FORM.title, 24),
  submit: plainText(GONE_FORM.submit, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [
    paragraph(GONE_FORM.about(roleNameIn(policy, grant.role), grant.person.slackId)),
    {
      type: 'input',
      block_id: GONE_REASON,
      label: plainText(GONE_FORM.what),
      hint: plainText(GONE_FORM.whatHint, 2000),
      element: { type: 'plain_text_input', action_id: GONE_REASON, multiline: true, max_length: 500 },
    },
    ...(code ? codeBlocks(code.hasCodes) : []),
  ],
});

/** The difference between the file and the policy in force. The hash identifies the file that was shown. */
export function reloadModal(reload: Reload): ModalView {
  const title = plainText(RELOAD_FORM.title, 24);
  const close = plainText(BUTTONS.close.back, 24);
  switch (reload.outcome) {
    case 'unreadable':
      return {
        type: 'modal',
        title,
        close,
        blocks: [paragraph(RELOAD_FORM.unreadable), preformatted(reload.problem)],
      };
    case 'same':
      return { type: 'modal', title, close, blocks: [paragraph(RELOAD_FORM.same)] };
    case 'changed':
      return {
        type: 'modal',
        callback_id: RELOAD_MODAL,
        private_metadata: JSON.stringify({ hash: reload.hash, strandedKey: strandedKey(reload.stranded) }),
        title,
        close,
        submit: plainText(reload.stranded.length === 0 ? RELOAD_FORM.submit : RELOAD_FORM.submitAnyway, 24),
        blocks: [
          ...strandedBlocks(reload.stranded),
          paragraph(RELOAD_FORM.changes(reload.hash.slice(0, 16))),
          preformatted(reload.changes.map((line) => `• ${line}`).join('\n') || RELOAD_FORM.onlyLayout),
          smallPrint(RELOAD_FORM.note),
        ],
      };
    case 'in_force':
      return {
        type: 'modal',
        title,
        close,
        blocks: [paragraph(RELOAD_FORM.inForce(reload.hash.slice(0, 16)))],
      };
  }
}

/** Identifies a list of stranded access. */
export const strandedKey = (stranded: readonly Stranded[]): string =>
  createHash('sha256')
    .update(JSON.stringify(stranded.map(({ grantId }) => grantId).sort()))
    .digest('hex');

/** First, the access that would be stranded. */
const strandedBlocks = (stranded: readonly Stranded[]): KnownBlock[] =>
  stranded.length === 0
    ? []
    : [
        paragraph(RELOAD_FORM.stranded(stranded.length)),
        preformatted(stranded.map((one) => `• ${strandedLine(one)}`).join('\n')),
      ];

/** Text of the file, shown unchanged. */
const preformatted = (text: string): KnownBlock => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: cut(text, LIMITS.sectionText) }] }],
});

export const adminMessage = (text: string): ModalView => ({
  type: 'modal',
  title: plainText(ADMIN_WORDS.title, 24),
  close: plainText(BUTTONS.close.close, 24),
  blocks: [section(text)],
});

const resetCodes: KnownBlock = {
  ...paragraph(ADMIN_WORDS.resetCodes, ADMIN.resetBlock),
  accessory: {
    type: 'users_select',
    action_id: ADMIN.reset,
    placeholder: plainText(ADMIN_WORDS.pick),
    confirm: confirmation(CONFIRM.resetCodes, 'danger'),
  },
};
