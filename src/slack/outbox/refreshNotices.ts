import { keyedLock } from '../../concurrency/keyedLock.ts';
import { noticeKey, remindersOf } from './noticeKeys.ts';
import { type ProjectionDeps, shownOf } from './projectionDeps.ts';
import { activeNotice, reminder, scheduledNotice, waitingNotice } from './toRequester.ts';

/** Updates the messages to the requester to the current state. */
export type Refresh = (requestId: string) => Promise<void>;

/** One at a time for each request, and each loads the state again, so that the last one has the newest state. */
export function refreshing(deps: ProjectionDeps): Refresh {
  const lock = keyedLock();
  return (requestId) => lock(requestId, () => refreshNotices(deps, requestId));
}

async function refreshNotices(deps: ProjectionDeps, requestId: string): Promise<void> {
  const { delivery, posts, windows } = deps;
  await windows.refresh(requestId);
  const loaded = await shownOf(deps, requestId);
  if (!loaded) return;
  const { grant } = loaded;
  await delivery.refresh(noticeKey('request.submitted', loaded), waitingNotice(loaded));
  await delivery.refresh(noticeKey('request.approved', loaded), scheduledNotice(loaded));
  const active = grant && activeNotice(loaded);
  if (active) await delivery.refresh(noticeKey('grant.activated', loaded), active);
  if (!grant) return;
  // Those of an earlier end, too: it may have been made longer since.
  for (const key of await posts.keysOf(remindersOf(grant))) await delivery.refresh(key, reminder(loaded));
  if (grant.state === 'active') return;
  await delivery.refresh(noticeKey('grant.shortened', loaded), reminder(loaded));
}
