import type { InputBlock } from '@slack/types';
import { plainText } from './blocks.ts';

export const COMMENT = { block: 'comment', action: 'comment' } as const;

export const COMMENT_MAX_LENGTH = 500;

export const commentInput = (label: string, hint: string, optional = false): InputBlock => ({
  type: 'input',
  block_id: COMMENT.block,
  optional,
  label: plainText(label),
  hint: plainText(hint, 2000),
  element: {
    type: 'plain_text_input',
    action_id: COMMENT.action,
    multiline: true,
    max_length: COMMENT_MAX_LENGTH,
  },
});
