import { isRefused } from '../../../domain/refusal.ts';
import { revokeGrant } from '../../../lifecycle/grant/endGrant.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { OWN, USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { refusalText } from '../../kit/refusals.ts';
import { roleNameIn } from '../../outbox/shown.ts';
import { grantBlocks, matching, ownAccess } from './own.ts';

export const revoke: Command = {
  names: ['revoke', 'done', 'end'],
  words: USAGE.revoke,
  failed: drawn(ERRORS.notEnded),
  run: async (call) => {
    const held = matching(call, (await ownAccess(call))[0], call.text);
    const [only, ...others] = held;
    if (!only) return call.tell(drawn(OWN.nothingHeld(call.text)));
    if (others.length > 0) return call.tell(drawn(OWN.whichOne), grantBlocks(call, held));
    const result = await revokeGrant(call.deps, { grantId: only.id, personId: call.personId });
    return call.tell(
      isRefused(result)
        ? refusalText(result.refused)
        : drawn(ANSWERS.endingOf(roleNameIn(call.deps.policy, only.role), result.seenAt)),
    );
  },
};
