import { keyedLock } from '../../concurrency/keyedLock.ts';
import type { Request } from '../../domain/request.ts';
import type { Instant } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { POSTS } from '../../ports/keys.ts';
import { earlierPrompt, requestCard } from './card.ts';
import { type ProjectionDeps, shownOf } from './projectionDeps.ts';
import type { Refresh } from './refreshNotices.ts';
import { loadShown, roleNameIn, type Shown } from './shown.ts';
import { whenSlackAllows } from './whenSlackAllows.ts';

/** Earlier grants of the requester on a card. */
const LATELY = 3;

/** Brings every message about a request to how things stand now. */
export function cardProjection(deps: ProjectionDeps, refresh: Refresh): JobHandler {
  // Requests that were made together share a card: one of their jobs at a time.
  const cardLock = keyedLock();
  return whenSlackAllows(async (requestId, attempt) => {
    const loaded = await shownOf(deps, requestId);
    if (!loaded) return;
    await cardLock(loaded.request.bundle, () =>
      syncCard(deps, loaded.request.bundle, attempt > 1 ? loaded.request.submittedAt : null),
    );
    await refresh(requestId);
    for (const other of await othersAbout(deps, loaded)) {
      const { id, bundle, submittedAt } = other.request;
      await refresh(id);
      await cardLock(bundle, () => syncCard(deps, bundle, submittedAt));
    }
    await deps.refreshHome(loaded.request.requester.slackId);
  });
}

/** What shows the same access: the request that it was given for, and those that made it longer. */
async function othersAbout(deps: ProjectionDeps, { request, grant }: Shown): Promise<readonly Shown[]> {
  if (!grant) return [];
  const original = (await deps.store.request(grant.requestId))?.value;
  const all = [...(original ? [original] : []), ...(await deps.store.extensionsOf(grant))];
  return Promise.all(
    all.filter(({ id }) => id !== request.id).map((other) => loadShown({ ...deps, policy: deps.policy() }, other)),
  );
}

async function syncCard(deps: ProjectionDeps, bundle: string, postedSince: Instant | null): Promise<void> {
  const { store, delivery } = deps;
  const policy = deps.policy();
  const items = await Promise.all(
    (await store.bundle(bundle)).map((request) => loadShown({ ...deps, policy }, request)),
  );
  const [first] = items;
  const isPosted = async (key: string) => (await delivery.find(key)) !== null;
  // Who was asked is told also where a later answer of the policy closed it.
  if (!first || !(items.some(({ request }) => wasAsked(request)) || (await isPosted(POSTS.card(bundle))))) return;
  const held = await store.recentGrants(first.request.requester.slackId, LATELY + items.length);
  const own = new Set(items.flatMap(({ grant }) => grant?.id ?? []));
  const lately = held
    .filter(({ id }) => !own.has(id))
    .slice(0, LATELY)
    .map((grant) => ({ grant, roleName: roleNameIn(policy, grant.role) }));
  const place = { channel: policy.approvalsChannel };
  // The work of each of them posts them all: what became of another's tries is not known here.
  const since = items.length > 1 ? first.request.submittedAt : postedSince;
  await delivery.sync(POSTS.card(bundle), place, requestCard(items, lately), since);
  for (const item of items) await delivery.refresh(`review:${item.request.id}`, earlierPrompt(item));
}

/** Whether other people have anything to do with it. */
const wasAsked = (request: Request): boolean =>
  request.state === 'pending' ||
  request.decision.effect === 'ask' ||
  request.decision.effect === 'break_glass' ||
  ('reviews' in request && request.reviews.length > 0);
