import { isSameHuman, named, personActor } from '../../domain/person.ts';
import type { Delegation } from '../../domain/records.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import { HOUR, type Instant, type Millis } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';
import { areAmong } from '../people/eligibility.ts';
import { humanBehind } from '../people/humans.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

/** Longest absence with a stand-in; somebody away for longer should leave the reviewers. */
const LONGEST: Millis = 30 * 24 * HOUR;

/** Names a stand-in for somebody's reviews while they are away, among those whom the policy allows. */
export function delegate(
  deps: Deps,
  input: { fromId: string; toId: string; until: Instant },
): Promise<Delegation | Refused> {
  return retryOnConflict(async () => {
    const [from, to] = await Promise.all([deps.directory.person(input.fromId), deps.directory.person(input.toId)]);
    if (!from.known) return refuse({ code: 'person_refused', problem: from.problem });
    if (!to.known) return refuse({ code: 'no_delegate', problem: to.problem });
    const no = (problem: string) => refuse({ code: 'no_delegate', problem });
    if (isSameHuman(await humanBehind(deps, from.value), await humanBehind(deps, to.value)))
      return no('that is you yourself');
    if (input.until <= deps.clock.now()) return no('that time is over already');
    if (input.until > deps.clock.now() + LONGEST) return no('30 days at most');
    const among = await areAmong(deps.directory, deps.policy.delegates, [input.toId]);
    if (!among.known) return refuse({ code: 'eligibility_unknown', problem: among.problem });
    if (!among.value.has(input.toId)) return no('the policy does not let them stand in');
    const { version } = await deps.store.record('delegation', input.fromId);
    const delegation = { from: from.value, to: to.value, until: input.until };
    await deps.store.commit({
      records: [{ kind: 'delegation', key: input.fromId, value: delegation, version }],
      events: [
        {
          type: 'delegation.set',
          actor: personActor(from.value),
          requestId: null,
          grantId: null,
          payload: { from: named(from.value), to: named(to.value), until: input.until },
        },
      ],
    });
    return delegation;
  });
}

export function endDelegation(deps: Deps, fromId: string): Promise<Delegation | Refused> {
  return retryOnConflict(async () => {
    const { value, version } = await deps.store.record('delegation', fromId);
    if (!value || value.until <= deps.clock.now()) return refuse({ code: 'nothing_delegated' });
    await deps.store.commit({
      records: [{ kind: 'delegation', key: fromId, value: null, version }],
      events: [
        {
          type: 'delegation.ended',
          actor: personActor(value.from),
          requestId: null,
          grantId: null,
          payload: { from: named(value.from), to: named(value.to) },
        },
      ],
    });
    return value;
  });
}
