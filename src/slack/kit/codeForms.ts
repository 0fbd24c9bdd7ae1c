/** One-time codes: the field for one, and their set-up. */

import type { InputBlock, KnownBlock, ModalView } from '@slack/types';
import { BUTTONS } from '../../wording/buttons.ts';
import { CODE_FORM } from '../../wording/forms.ts';
import { button, plainText, section } from './blocks.ts';
import { paragraph } from './drawn.ts';

export const CODE = { block: 'code', action: 'code' } as const;
export const ENROL_MODAL = 'factor_enrol_modal';
export const ENROL_ACTION = 'factor_enrol';
const CODE_LENGTH = 6;

/**
 * The field, and a button for people without codes that opens the set-up over the form, so that nothing typed is lost.
 * @param optional if not all roles of the form need a code; a missing one is then reported when the form is sent
 */
export const codeBlocks = (hasCodes: boolean, optional = false): KnownBlock[] => [
  ...(hasCodes ? [] : [{ ...paragraph(CODE_FORM.notYet), accessory: button(BUTTONS.setUp, ENROL_ACTION, 'enrol') }]),
  codeInput(optional),
];

const codeInput = (optional: boolean): InputBlock => ({
  type: 'input',
  block_id: CODE.block,
  optional,
  label: plainText(CODE_FORM.label),
  hint: plainText(CODE_FORM.hint, 2000),
  // Accepts a space in the middle, as apps show it.
  element: { type: 'plain_text_input', action_id: CODE.action, min_length: CODE_LENGTH, max_length: CODE_LENGTH + 1 },
});

/** The set-up form opens over the one that asks for a code. */
export const OVER_FORM = 'over_form';

export const enrolModal = (
  { secret, uri }: { readonly secret: string; readonly uri: string },
  isOverForm: boolean,
): ModalView => ({
  type: 'modal',
  callback_id: ENROL_MODAL,
  ...(isOverForm && { private_metadata: OVER_FORM }),
  title: plainText(CODE_FORM.title, 24),
  submit: plainText(CODE_FORM.turnOn, 24),
  close: plainText(BUTTONS.close.notNow, 24),
  blocks: [
    paragraph(CODE_FORM.first),
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: grouped(secret) }] }],
    },
    paragraph(CODE_FORM.onThisPhone),
    { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: uri }] }] },
    paragraph(CODE_FORM.second),
    codeInput(false),
  ],
});

export const factorMessageModal = (text: string): ModalView => ({
  type: 'modal',
  title: plainText(CODE_FORM.title, 24),
  close: plainText(BUTTONS.close.close, 24),
  blocks: [section(text)],
});

const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');
