import { createHash } from 'node:crypto';
import type { KnownBlock, ModalView } from '@slack/types';
import type { LiveGrant } from '../../domain/grant.ts';
import type { Freeze } from '../../domain/records.ts';
import type { Request } from '../../domain/request.ts';
import { counted, cut } from '../../domain/text.ts';
import type { Reload } from '../../lifecycle/reloadPolicy.ts';
import { type Stranded, strandedLine } from '../../lifecycle/strandedAccess.ts';
import { button, code, context, LIMITS, plainText, quote, section, time } from '../blocks.ts';
import { endButton } from '../grants/buttons.ts';
import { statusLine } from '../review/status.ts';

/** What administrators see: who holds what, what waits, and the big switches. */

export const ADMIN = {
  filter: 'admin_filter',
  person: 'admin_person',
  resource: 'admin_resource',
  end: 'admin_end',
  endAll: 'admin_end_all',
  freeze: 'admin_freeze',
  unfreeze: 'admin_unfreeze',
  reload: 'admin_reload',
  resetBlock: 'admin_reset_block',
  reset: 'admin_reset',
} as const;
export const FREEZE_MODAL = 'admin_freeze_modal';
export const RELOAD_MODAL = 'admin_reload_modal';
export const FREEZE_REASON = 'freeze_reason';

const MOST_GRANTS = 20;
/** An answer to a command takes 50 blocks. */
const MOST_TOLD = 20;
const MOST_REQUESTS = 10;

export interface AdminInput {
  readonly word: string | null;
  readonly freeze: Freeze | null;
  readonly grants: readonly LiveGrant[];
  readonly requests: readonly Request[];
}

/** Who holds what, with a way to end it, where no form can be opened. */
export function adminBlocks({ word, freeze, grants }: Omit<AdminInput, 'requests'>): KnownBlock[] {
  const shown = grants.slice(0, MOST_TOLD);
  return [
    ...(word ? [section(word)] : []),
    section(
      freeze
        ? `:rotating_light: *All access is frozen* by <@${freeze.by.slackId}> since ${time(freeze.at)}.`
        : 'No form can be opened now. `/jit admin freeze REASON…` takes everything back and lets nothing new be granted.',
    ),
    section(`*Live: ${grants.length}*`),
    ...shown.flatMap((grant): KnownBlock[] => [
      section(`<@${grant.person.slackId}> has ${code(grant.role)}\n${grantState(grant)}`),
      ...(isEndable(grant) ? [{ type: 'actions' as const, elements: [endButton(grant.id, 'End')] }] : []),
    ]),
    ...(grants.length > shown.length ? [context(`and ${grants.length - shown.length} more`)] : []),
  ];
}

export function adminModal({ word, freeze, grants, requests }: AdminInput): ModalView {
  const shown = grants.slice(0, MOST_GRANTS);
  const more = grants.length - shown.length;
  const blocks: KnownBlock[] = [
    ...(word ? [section(word)] : []),
    ...(freeze
      ? [
          section(`:rotating_light: *All access is frozen* by <@${freeze.by.slackId}> since ${time(freeze.at)}.`),
          quote(freeze.reason),
        ]
      : []),
    {
      type: 'actions',
      block_id: ADMIN.filter,
      elements: [
        { type: 'users_select', action_id: ADMIN.person, placeholder: plainText('Everybody') },
        {
          type: 'external_select',
          action_id: ADMIN.resource,
          min_query_length: 0,
          placeholder: plainText('Every resource'),
        },
      ],
    },
    section(`*Live: ${grants.length}*`),
    ...shown.map((grant) => ({
      ...section(`<@${grant.person.slackId}> has ${code(grant.role)}\n${grantState(grant)}`),
      ...(isEndable(grant)
        ? {
            accessory: button('End', ADMIN.end, grant.id, {
              style: 'danger',
              confirm: confirm('End this access?', 'It is taken back at once, and open sessions are closed.', 'End it'),
            }),
          }
        : {}),
    })),
    ...(more > 0 ? [context(`and ${more} more: choose a person or a resource above`)] : []),
    section(`*Waiting: ${requests.length}*`),
    ...requests
      .slice(0, MOST_REQUESTS)
      .map((request) =>
        section(`<@${request.requester.slackId}> asks for ${code(request.role)}\n${statusLine(request, null)}`),
      ),
    { type: 'divider' },
    { type: 'actions', elements: switches(freeze, shown.filter(isEndable)) },
    {
      ...section('Somebody lost their phone? Reset their one-time codes; they set them up anew.', ADMIN.resetBlock),
      accessory: {
        type: 'users_select',
        action_id: ADMIN.reset,
        placeholder: plainText('Pick a person'),
        confirm: confirm('Reset their codes?', 'Be sure that it is really them who asks.', 'Reset'),
      },
    },
  ];
  return {
    type: 'modal',
    title: plainText('Administration', 24),
    close: plainText('Close', 24),
    blocks: blocks.slice(0, LIMITS.homeBlocks),
  };
}

/** @param shown which the list shows and can still end: the button ends those and no others */
const switches = (freeze: Freeze | null, shown: readonly LiveGrant[]) => [
  ...(shown.length > 0
    ? [
        button(`End all ${shown.length} shown`, ADMIN.endAll, shown.map(({ id }) => id).join(' '), {
          style: 'danger',
          confirm: confirm(
            'End all of these?',
            'They are taken back at once, and open sessions are closed.',
            'End them',
          ),
        }),
      ]
    : []),
  freeze
    ? button('Lift the freeze', ADMIN.unfreeze, 'unfreeze', {
        confirm: confirm('Lift the freeze?', 'Access can be asked for again. What was ended stays ended.', 'Lift it'),
      })
    : button('Freeze everything…', ADMIN.freeze, 'freeze', { style: 'danger' }),
  button('Reload the policy…', ADMIN.reload, 'reload'),
];

const isEndable = ({ state }: LiveGrant): boolean => state === 'active' || state === 'provisioning';

const confirm = (title: string, text: string, yes: string) => ({
  title: plainText(title, 100),
  text: plainText(text, 300),
  confirm: plainText(yes, 30),
  deny: plainText('No', 30),
});

const grantState = (grant: LiveGrant): string =>
  grant.state === 'active'
    ? `until ${time(grant.endsAt)}, as ${code(grant.activation.account)}`
    : grant.state === 'overdue'
      ? ':rotating_light: could not be taken back yet'
      : grant.state === 'revoking'
        ? 'is being taken back'
        : 'is being set up';

export const freezeModal = (live: number): ModalView => ({
  type: 'modal',
  callback_id: FREEZE_MODAL,
  title: plainText('Freeze everything', 24),
  submit: plainText('Freeze', 24),
  close: plainText('Back', 24),
  blocks: [
    section(
      `*Nobody gets any access until it is lifted.* ${live === 0 ? 'Nothing is live.' : `What is live (${live}) is taken back at once.`} Everybody is told in the approvals channel.`,
    ),
    {
      type: 'input',
      block_id: FREEZE_REASON,
      label: plainText('Why?'),
      hint: plainText('Everybody reads it.', 2000),
      element: { type: 'plain_text_input', action_id: FREEZE_REASON, multiline: true, max_length: 500 },
    },
  ],
});

/** The difference between the file and what is in force; its hash says which file was looked at. */
export function reloadModal(reload: Reload): ModalView {
  const title = plainText('Reload the policy', 24);
  const close = plainText('Back', 24);
  switch (reload.outcome) {
    case 'unreadable':
      return {
        type: 'modal',
        title,
        close,
        blocks: [
          section(':warning: *The policy file cannot be put in force.* The policy in force stays as it is.'),
          preformatted(reload.problem),
        ],
      };
    case 'same':
      return { type: 'modal', title, close, blocks: [section('The policy file has not changed.')] };
    case 'changed':
      return {
        type: 'modal',
        callback_id: RELOAD_MODAL,
        private_metadata: JSON.stringify({ hash: reload.hash, strandedKey: strandedKey(reload.stranded) }),
        title,
        close,
        submit: plainText(reload.stranded.length === 0 ? 'Put it in force' : 'Put it in force anyway', 24),
        blocks: [
          ...strandedBlocks(reload.stranded),
          section(`*What changes* (${code(reload.hash.slice(0, 16))})`),
          preformatted(reload.changes.map((line) => `• ${line}`).join('\n') || 'nothing but comments and layout'),
          context('What is held already stays as it was granted. The change is recorded with your name.'),
        ],
      };
    case 'in_force':
      return {
        type: 'modal',
        title,
        close,
        blocks: [section(`:white_check_mark: *In force*: ${code(reload.hash.slice(0, 16))}, recorded with your name.`)],
      };
  }
}

/** Tells one list of stranded access from another. */
export const strandedKey = (stranded: readonly Stranded[]): string =>
  createHash('sha256')
    .update(JSON.stringify(stranded.map(({ grantId }) => grantId).sort()))
    .digest('hex');

/** What would be lost, before anything else. */
const strandedBlocks = (stranded: readonly Stranded[]): KnownBlock[] =>
  stranded.length === 0
    ? []
    : [
        section(
          `:rotating_light: *${counted(stranded.length, 'live access', 'live accesses')} could not be taken back any more* once the bot restarts with this file. Keep the targets under \`retired_targets\` until that access has ended, or end it first.`,
        ),
        preformatted(stranded.map((one) => `• ${strandedLine(one)}`).join('\n')),
      ];

/** The file's own words, and not ours: shown as they stand. */
const preformatted = (text: string): KnownBlock => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: cut(text, LIMITS.sectionText) }] }],
});

export const adminMessage = (text: string): ModalView => ({
  type: 'modal',
  title: plainText('Administration', 24),
  close: plainText('Close', 24),
  blocks: [section(text)],
});
