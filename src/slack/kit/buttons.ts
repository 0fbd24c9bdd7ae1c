import type { ConfirmationDialog } from '@slack/types';
import { BUTTONS, CONFIRM, type Confirmation } from '../../wording/buttons.ts';
import { button, plainText } from './blocks.ts';

export const END_ACTION = 'grant_end';

/** @param style `danger` where the yes cannot be undone */
export const confirmation = (
  { title, text, yes, no }: Confirmation,
  style: 'primary' | 'danger' = 'primary',
): ConfirmationDialog => ({
  title: plainText(title, 100),
  text: plainText(text, 300),
  confirm: plainText(yes, 30),
  deny: plainText(no, 30),
  style,
});

/** Ends a grant, after asking once. */
export const endButton = (grantId: string, label: string = BUTTONS.endNow) =>
  button(label, END_ACTION, grantId, { style: 'danger', confirm: confirmation(CONFIRM.end, 'danger') });
