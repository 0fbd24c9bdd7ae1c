import { findRole, reviewersOf } from '../../../domain/policy.ts';
import type { Request } from '../../../domain/request.ts';
import type { Deps } from '../../../lifecycle/deps.ts';
import { areAmong } from '../../../lifecycle/people/eligibility.ts';
import { statusSentence } from '../../../wording/cards.ts';
import { USAGE, WHY } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { roleNameIn } from '../../outbox/shown.ts';

export const why: Command = {
  names: ['why'],
  words: USAGE.why,
  failed: drawn(ERRORS.notLookedUp),
  run: async ({ deps, personId, text, tell }) => {
    const id = text.replace(/[`#\s]/g, '').toUpperCase();
    const request =
      id === '' ? (await deps.store.recentRequests(personId, 1))[0] : (await deps.store.request(id))?.value;
    if (!request) return tell(drawn(id === '' ? WHY.nothingYet : WHY.noRequest(id)));
    if (!(await maySee(deps, request, personId))) return tell(drawn(WHY.notForYou));
    return tell(drawn(WHY.text(request.id)), [
      paragraph(
        WHY.head(
          roleNameIn(deps.policy, request.role),
          request.requester.slackId,
          request.id,
          statusSentence(request, null),
        ),
      ),
      paragraph(WHY.explanation(request.decision)),
    ]);
  },
};

async function maySee(deps: Deps, request: Request, personId: string): Promise<boolean> {
  if (request.requester.slackId === personId) return true;
  const role = findRole(deps.policy, request.role);
  const allowed = [...deps.policy.admins, ...(role ? reviewersOf(role) : [])];
  const among = await areAmong(deps.directory, allowed, [personId]);
  return among.known && among.value.has(personId);
}
