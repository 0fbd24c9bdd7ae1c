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

/** Maximum number of the requester's earlier grants on a card. */
const LATELY = 3;

/** Updates every message about a request to the current state. */
export function cardProjection(deps: ProjectionDeps, refresh: Refresh): JobHandler {
  // Requests made together share a card, so only one of their jobs runs at a time.
  const cardLock = keyedLock();
  return whenSlackAllows(async (requestId, attempt) => {
    const loaded = await shownOf(deps, requestId);
    if (!loaded) return;
    const { bundle, submittedAt, extends: extended } = loaded.request;
    const others = await othersAbout(deps, loaded);
    // The jobs of the others post this card, too.
    const mayBePosted = attempt > 1 || extended !== null || others.length > 0;
    await cardLock(bundle, () => syncCard(deps, bundle, mayBePosted ? submittedAt : null));
    await refresh(requestId);
    for (const other of others) {
      await refresh(other.request.id);
      await cardLock(other.request.bundle, () => syncCard(deps, other.request.bundle, other.request.submittedAt));
    }
    await deps.refreshHome(loaded.request.requester.slackId);
  });
}

/** Other requests about the same access: the original one, and its extensions. */
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
  // The people who were asked see the outcome too, even if a later policy decision closed the request.
  if (!first || !(items.some(({ request }) => wasAsked(request)) || (await isPosted(POSTS.card(bundle))))) return;
  const held = await store.recentGrants(first.request.requester.slackId, LATELY + items.length);
  const own = new Set(items.flatMap(({ grant }) => grant?.id ?? []));
  const lately = held
    .filter(({ id }) => !own.has(id))
    .slice(0, LATELY)
    .map((grant) => ({ grant, roleName: roleNameIn(policy, grant.role) }));
  const place = { channel: policy.approvalsChannel };
  // Each request's job posts the whole card, and does not know of the tries of the others.
  const since = items.length > 1 ? first.request.submittedAt : postedSince;
  await delivery.sync(POSTS.card(bundle), place, requestCard(items, lately), since);
  for (const item of items) await delivery.refresh(`review:${item.request.id}`, earlierPrompt(item));
}

/** Whether other people are involved. */
const wasAsked = (request: Request): boolean =>
  request.state === 'pending' ||
  request.decision.effect === 'ask' ||
  request.decision.effect === 'break_glass' ||
  ('reviews' in request && request.reviews.length > 0);
