import { OWN, USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { takeDuration } from '../../kit/when.ts';
import { openExtendForm } from '../grants/listeners.ts';
import { grantBlocks, matching, ownAccess } from './own.ts';

export const extend: Command = {
  names: ['extend', 'more'],
  words: USAGE.extend,
  failed: drawn(ERRORS.notExtended),
  run: async (call) => {
    const { duration: wanted, rest } = takeDuration(call.text.trim().split(/\s+/).join(' '));
    const held = matching(call, (await ownAccess(call))[0], rest);
    const [only, ...others] = held;
    if (!only) return call.tell(drawn(OWN.nothingToExtend(rest)));
    if (others.length > 0) return call.tell(drawn(OWN.whichOne), grantBlocks(call, held, '/jit extend'));
    return openExtendForm(call, call, { grantId: only.id, personId: call.personId, wanted, reason: null });
  },
};
