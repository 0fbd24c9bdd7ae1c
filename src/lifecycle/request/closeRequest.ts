import type { NewEvent } from '../../domain/events.ts';
import { BOT, named, personActor } from '../../domain/person.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import { type Request, requestCore } from '../../domain/request.ts';
import type { Deps } from '../deps.ts';
import { isTheirAccount } from '../people/humans.ts';
import { retryOnConflict } from './retryOnConflict.ts';

/** Expires a request that nobody decided in time. @returns when to run again, if it is not due yet */
export function expireRequest(deps: Deps, requestId: string): Promise<{ notBefore: number } | null> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.request(requestId);
    if (loaded?.value.state !== 'pending') return null;
    const request = loaded.value;
    const now = deps.clock.now();
    if (now < request.expiresAt) return { notBefore: request.expiresAt };
    const expired: Request = { ...requestCore(request), state: 'expired', decision: request.decision, expiredAt: now };
    await commitClosed(deps, expired, loaded.version, { type: 'request.expired', actor: BOT });
    return null;
  });
}

/** The requester, by any of their accounts, cancels a request that waits for reviewers or for its start. */
export function cancelRequest(deps: Deps, input: { requestId: string; personId: string }): Promise<Request | Refused> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.request(input.requestId);
    if (!loaded) return refuse({ code: 'unknown_request' });
    const request = loaded.value;
    if (!(await isTheirAccount(deps, request.requester, input.personId))) return refuse({ code: 'not_yours' });
    if (request.state !== 'pending' && request.state !== 'scheduled')
      return refuse({ code: 'not_pending', state: request.state });
    const now = deps.clock.now();
    const cancelled: Request = {
      ...requestCore(request),
      state: 'cancelled',
      decision: request.decision,
      cancelledAt: now,
    };
    await commitClosed(deps, cancelled, loaded.version, {
      type: 'request.cancelled',
      actor: personActor({ ...request.requester, slackId: input.personId }),
    });
    return cancelled;
  });
}

export async function commitClosed(
  deps: Deps,
  request: Request,
  version: number,
  event: Pick<NewEvent & { type: 'request.expired' | 'request.cancelled' }, 'type' | 'actor'>,
): Promise<void> {
  await deps.store.commit({
    requests: [{ value: request, version }],
    events: [
      {
        ...event,
        requestId: request.id,
        grantId: null,
        payload: { role: request.role, requester: named(request.requester) },
      },
    ],
    done: [
      { kind: 'expire', key: request.id },
      { kind: 'start', key: request.id },
    ],
  });
}
