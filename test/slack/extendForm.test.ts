/** The form for more time offers what is left, and no more. */

import type { InputBlock } from '@slack/web-api';
import { expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { EXTEND, extendModal } from '../../src/slack/features/grants/extend.ts';
import { anActiveGrant, aRole } from '../support/domain.ts';

const offered = (left: number, wanted: number | null = null, defaults = HOUR) => {
  const role = aRole({ duration: { default: defaults, max: 4 * HOUR, total: 8 * HOUR } });
  const view = extendModal({
    ...{ grant: anActiveGrant(), role, roleName: 'Database (read)', left, wanted, reason: '', hasCodes: false },
  });
  const input = view.blocks.find(
    (block): block is InputBlock => block.type === 'input' && block.block_id === EXTEND.duration,
  );
  if (input?.element.type !== 'static_select') throw new Error('it asks for no time');
  return {
    minutes: input.element.options?.map(({ value }) => Number(value) / MINUTE),
    chosen: Number(input.element.initial_option?.value) / MINUTE,
  };
};

test.each([
  [8 * HOUR, null, HOUR, [15, 30, 60, 120, 240, 480], 60],
  [90 * MINUTE, null, HOUR, [15, 30, 60, 90], 60],
  [HOUR, null, HOUR, [15, 30, 60], 60],
  [20 * MINUTE, null, HOUR, [15, 20], 20],
  [10 * MINUTE, null, HOUR, [10], 10],
  // What was typed after /jit extend is chosen, as far as it goes.
  [8 * HOUR, 45 * MINUTE, HOUR, [15, 30, 45, 60, 120, 240, 480], 45],
  [HOUR, 3 * HOUR, HOUR, [15, 30, 60], 60],
])('of %i ms that are left, with %j wanted, so much is offered', (left, wanted, defaults, minutes, chosen) => {
  expect(offered(left, wanted, defaults)).toEqual({ minutes, chosen });
});
