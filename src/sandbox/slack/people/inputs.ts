/** What stands in the inputs of a form. */

import { type InputState, type OpenView, statefulElements } from '../workspace.ts';
import type { Entered, Option } from './people.ts';

export function findInput(open: OpenView, actionId: string) {
  const found = statefulElements(open.view).find(({ element }) => element.action_id === actionId);
  if (!found) throw new Error(`this form has no input ${actionId}`);
  return found;
}

export function stateOf(type: string, value: Entered): InputState {
  if (type === 'plain_text_input') return { type, value };
  if (Array.isArray(value)) return { type, selected_options: value };
  if (type === 'datetimepicker') return { type, selected_date_time: Number(value) };
  if (typeof value !== 'string') return { type, selected_option: value };
  const field = {
    users_select: 'selected_user',
    channels_select: 'selected_channel',
    conversations_select: 'selected_conversation',
    datepicker: 'selected_date',
    timepicker: 'selected_time',
  }[type];
  if (!field) throw new Error(`an input of type ${type} takes an option`);
  return { type, [field]: value };
}

export function optionOf(element: { type: string } & Record<string, unknown>, value: Entered): Entered {
  if (typeof value !== 'string' || !('options' in element) || !Array.isArray(element.options)) return value;
  const found = (element.options as Option[]).find((option) => option.value === value || option.text.text === value);
  if (!found) throw new Error(`there is no option "${value}" to choose`);
  return found;
}

/** Slack itself keeps a form with an empty required field from being sent. */
export function requiredAndEmpty(open: OpenView): string[] {
  return open.view.blocks.flatMap((block) => {
    if (block.type !== 'input' || block.optional || !block.block_id) return [];
    const state = open.values[block.block_id]?.[block.element.action_id ?? ''] ?? { type: '' };
    const { type: _type, ...rest } = state;
    const isEmpty = Object.values(rest).every(
      (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
    );
    return isEmpty ? [block.block_id] : [];
  });
}
