import { button, plainText } from '../blocks.ts';

export const END_ACTION = 'grant_end';

/** Ends a grant; asks once whether that is meant. */
export const endButton = (grantId: string, label = 'End access now') =>
  button(label, END_ACTION, grantId, {
    style: 'danger',
    confirm: {
      title: plainText('End this access?', 100),
      text: plainText('It is taken away at once, and open sessions are closed.', 300),
      confirm: plainText('End it', 30),
      deny: plainText('Keep it', 30),
    },
  });
