import { isCanary } from '../domain/canary.ts';
import type { LedgerEvent } from '../domain/events.ts';
import type { Request } from '../domain/request.ts';
import { errorText } from '../domain/text.ts';
import type { Log } from '../ports/host.ts';
import type { Meter } from '../ports/meter.ts';
import type { Store } from '../ports/store.ts';

/** Wraps a store to count every committed event, and to measure the time from request to access. */
export function meteredStore(store: Store, meter: Meter, log: Log): Store {
  async function timeToAccess(event: LedgerEvent<'grant.activated'>): Promise<void> {
    const request = event.requestId === null ? null : (await store.request(event.requestId))?.value;
    // A request for a later time was meant to wait.
    if (!request || request.startsAt !== null || isCanary(request.requester)) return;
    meter.accessGiven(decidedBy(request), event.at - request.submittedAt);
  }

  return {
    ...store,
    commit: async (change) => {
      const committed = await store.commit(change);
      meter.committed(committed);
      for (const event of committed)
        if (event.type === 'grant.activated')
          timeToAccess(event).catch((error: unknown) =>
            log.warn({ problem: errorText(error) }, 'how long an access took to be given was not counted'),
          );
      return committed;
    },
  };
}

function decidedBy(request: Request): 'policy' | 'reviewers' | 'break_glass' {
  if (request.state !== 'approved') return 'policy';
  if (request.useReview !== null) return 'break_glass';
  return request.reviews.length > 0 ? 'reviewers' : 'policy';
}
