import { isRefused } from '../../../domain/refusal.ts';
import { cancelRequest } from '../../../lifecycle/request/closeRequest.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { OWN, USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { refusalText } from '../../kit/refusals.ts';
import { ownAccess, requestBlocks } from './own.ts';

export const cancel: Command = {
  names: ['cancel'],
  words: USAGE.cancel,
  failed: drawn(ERRORS.notCancelled),
  run: async (call) => {
    const waiting = (await ownAccess(call))[1];
    const named = waiting.filter(
      ({ id, role }) => call.text === '' || id === call.text.toUpperCase() || role.startsWith(call.text.toLowerCase()),
    );
    const [only, ...others] = named;
    if (!only) return call.tell(drawn(OWN.nothingWaiting(call.text)));
    if (others.length > 0) return call.tell(drawn(OWN.whichOne), requestBlocks(call, named));
    const result = await cancelRequest(call.deps, { requestId: only.id, personId: call.personId });
    return call.tell(isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.cancelled));
  },
};
