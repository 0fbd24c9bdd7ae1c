import { isDraining } from '../../domain/drain.ts';
import { BOT, personActor } from '../../domain/person.ts';
import { type Refusal, type Refused, refuse } from '../../domain/refusal.ts';
import type { Instant } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Deps } from '../deps.ts';
import { endTogether } from '../grant/endTogether.ts';
import { mayTakeAway, seenIn } from '../grant/takingAway.ts';
import { checkAdmin } from '../people/eligibility.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

const KEY = 'bot';

/**
 * Why granting is blocked: a freeze, a window before maintenance, or a ledger that failed its check.
 * @returns null if it is not
 */
export async function grantingBlocked(
  deps: Pick<Deps, 'store' | 'integrity' | 'clock' | 'drain'>,
): Promise<Refusal | null> {
  const problem = deps.integrity.problem();
  if (problem !== null) return { code: 'ledger_damaged', problem };
  const drain = (await deps.drain?.()) ?? null;
  if (isDraining(drain, deps.clock.now())) return { code: 'draining', ...drain };
  const { value } = await deps.store.record('freeze', KEY);
  return value ? { code: 'frozen', by: value.by.name, reason: value.reason } : null;
}

/**
 * An administrator blocks all granting and ends all live access.
 * @returns how many grants it ends, and when the administrator was last confirmed, if Slack cannot confirm it now
 */
export function freeze(
  deps: Deps,
  input: { personId: string; reason: string },
): Promise<{ live: number; seenAt: Instant | null } | Refused> {
  return retryOnConflict(async () => {
    const admin = await mayTakeAway(deps, input.personId, { others: [], no: { code: 'not_an_admin' } });
    if ('refused' in admin) return admin;
    const { value, version } = await deps.store.record('freeze', KEY);
    if (value) return refuse({ code: 'frozen', by: value.by.name, reason: value.reason });
    const live = (await deps.store.liveGrants({})).length;
    const at = deps.clock.now();
    const reason = typed(input.reason);
    await deps.store.commit({
      records: [{ kind: 'freeze', key: KEY, value: { by: admin.person, at, reason }, version }],
      events: [
        {
          type: 'access.frozen',
          actor: personActor(admin.person),
          requestId: null,
          grantId: null,
          payload: { reason, live, ...seenIn(admin) },
        },
      ],
      jobs: [{ kind: 'freeze', key: String(at), dueAt: at }],
    });
    return { live, seenAt: admin.seenAt };
  });
}

export function unfreeze(deps: Deps, input: { personId: string }): Promise<{ unfrozen: true } | Refused> {
  return retryOnConflict(async () => {
    const admin = await checkAdmin(deps, input.personId);
    if ('refused' in admin) return admin;
    const { value, version } = await deps.store.record('freeze', KEY);
    if (!value) return refuse({ code: 'not_frozen' });
    await deps.store.commit({
      records: [{ kind: 'freeze', key: KEY, value: null, version }],
      events: [
        { type: 'access.unfrozen', actor: personActor(admin.person), requestId: null, grantId: null, payload: {} },
      ],
    });
    return { unfrozen: true };
  });
}

/** Ends the access that was live at a freeze, even if nothing can be recorded. @param at the time of the freeze, from the job's key */
export async function endFrozen(deps: Deps, at: string): Promise<null> {
  const frozen = (await deps.store.liveGrants({})).flatMap(({ value, version }) =>
    value.intendedAt <= Number(at) && (value.state === 'active' || value.state === 'provisioning')
      ? [{ value, version }]
      : [],
  );
  // Losing a race throws, and the job is retried.
  await endTogether(deps, frozen, { why: 'frozen', by: BOT, problem: null });
  return null;
}
