import { OWN, USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { grantBlocks, ownAccess, requestBlocks } from './own.ts';

export const list: Command = {
  names: ['list', 'ls', 'mine'],
  words: USAGE.list,
  failed: drawn(ERRORS.notLookedUp),
  run: async (call) => {
    const [held, asked] = await ownAccess(call);
    if (held.length + asked.length === 0) return call.tell(drawn(OWN.nothingAtAll));
    const blocks = [...grantBlocks(call, held), ...requestBlocks(call, asked)];
    return call.tell(drawn(OWN.all), blocks);
  },
};
