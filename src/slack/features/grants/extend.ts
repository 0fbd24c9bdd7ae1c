/** The form for more time. It holds the grant's id; the time left is computed again when it is sent. */

import type { ModalView, PlainTextOption } from '@slack/types';
import type { ActiveGrant } from '../../../domain/grant.ts';
import type { Role } from '../../../domain/policy.ts';
import { durationText, HOUR, MINUTE, type Millis } from '../../../domain/terms.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { EXTEND_FORM, REQUEST_FORM } from '../../../wording/forms.ts';
import { plainText } from '../../kit/blocks.ts';
import { codeBlocks } from '../../kit/codeForms.ts';
import { paragraph } from '../../kit/drawn.ts';

export const EXTEND_MODAL = 'grant_extend_modal';
export const EXTEND = { duration: 'extend_duration', reason: 'extend_reason' } as const;
const CHOICES = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR];

export interface ExtendForm {
  readonly grant: ActiveGrant;
  readonly role: Role;
  readonly roleName: string;
  /** More than nothing. */
  readonly left: Millis;
  readonly wanted: Millis | null;
  readonly reason: string;
  /** Whether the person has set up one-time codes. */
  readonly hasCodes: boolean;
}

export function extendModal({ grant, role, roleName, left, wanted, reason, hasCodes }: ExtendForm): ModalView {
  const preset = Math.min(wanted ?? role.duration.default, left);
  const values = [...new Set([...CHOICES.filter((ms) => ms < left), preset, left])].sort((a, b) => a - b);
  const options = values.map((ms): PlainTextOption => ({ text: plainText(durationText(ms)), value: String(ms) }));
  const initial = options.find((option) => option.value === String(preset));
  return {
    type: 'modal',
    callback_id: EXTEND_MODAL,
    private_metadata: grant.id,
    title: plainText(EXTEND_FORM.title, 24),
    submit: plainText(EXTEND_FORM.submit, 24),
    close: plainText(BUTTONS.close.close, 24),
    blocks: [
      paragraph(EXTEND_FORM.about(roleName, grant.endsAt, grant.person.timeZone, left)),
      {
        type: 'input',
        block_id: EXTEND.duration,
        label: plainText(EXTEND_FORM.howLong),
        element: {
          type: 'static_select',
          action_id: EXTEND.duration,
          options,
          ...(initial && { initial_option: initial }),
        },
      },
      {
        type: 'input',
        block_id: EXTEND.reason,
        optional: role.reason.minLength === 0 && !role.reason.ticket,
        label: plainText(REQUEST_FORM.why),
        element: {
          type: 'plain_text_input',
          action_id: EXTEND.reason,
          multiline: true,
          max_length: 1000,
          ...(reason && { initial_value: reason }),
        },
      },
      ...(role.secondFactor.request ? codeBlocks(hasCodes) : []),
    ],
  };
}
