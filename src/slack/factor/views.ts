import type { InputBlock, ModalView } from '@slack/types';
import { plainText, section } from '../blocks.ts';

/** One-time codes: the field that asks for one, and setting them up. */

export const CODE = { block: 'code', action: 'code' } as const;
export const ENROL_MODAL = 'factor_enrol_modal';
export const ENROL_ACTION = 'factor_enrol';
const CODE_LENGTH = 6;

/** @param optional the form's roles may not all want one: whether it is missing is said when it is sent */
export const codeInput = (optional = false): InputBlock => ({
  type: 'input',
  block_id: CODE.block,
  optional,
  label: plainText('One-time code'),
  hint: plainText('From your authenticator app. Not set up yet? /jit second-factor', 2000),
  // A space in the middle, as apps show it, is fine.
  element: { type: 'plain_text_input', action_id: CODE.action, min_length: CODE_LENGTH, max_length: CODE_LENGTH + 1 },
});

export const enrolModal = ({ secret, uri }: { secret: string; uri: string }): ModalView => ({
  type: 'modal',
  callback_id: ENROL_MODAL,
  title: plainText('One-time codes', 24),
  submit: plainText('Turn on', 24),
  close: plainText('Not now', 24),
  blocks: [
    section(
      '*1.* In your authenticator app, add an account by hand with this key. It is shown only here and only now.',
    ),
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: grouped(secret) }] }],
    },
    section('On this phone, the app may take this address:'),
    { type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: uri }] }] },
    section('*2.* Type the code that it shows now.'),
    codeInput(),
  ],
});

export const factorMessageModal = (text: string): ModalView => ({
  type: 'modal',
  title: plainText('One-time codes', 24),
  close: plainText('Close', 24),
  blocks: [section(text)],
});

const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');
