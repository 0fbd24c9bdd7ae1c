import { type AccessReview, ownersOf } from '../../domain/accessReview.ts';
import { pagerDutyIdsOf } from '../../domain/pagerDutyIds.ts';
import { isGroup, type Policy, type Principal, principalsOfRole, type Role } from '../../domain/policy.ts';
import type { Instant } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { ownerCard, partsOf } from './accessReviewCard.ts';
import { type Owned, ownerNotice } from './ownerNotice.ts';
import type { ProjectionDeps } from './projectionDeps.ts';
import { whenSlackAllows } from './whenSlackAllows.ts';

/**
 * The messages of an access review: a card for each resource in the channel, and a private message to each owner with
 * links to theirs.
 */
export const ownerCardProjection = (deps: ProjectionDeps): JobHandler =>
  whenSlackAllows(async (id, attempt) => {
    const review = (await deps.store.record('access_review', id)).value;
    if (!review) return;
    const since = attempt > 1 ? review.startedAt : null;
    const owned = await syncCards(deps, review, since);
    for (const [slackId, theirs] of await byOwner(deps, owned))
      await deps.delivery.sync(
        `access-review:${id}:owner ${slackId}`,
        { channel: slackId },
        ownerNotice(review, theirs),
        since,
      );
  });

async function syncCards(deps: ProjectionDeps, review: AccessReview, since: Instant | null): Promise<Owned[]> {
  const policy = deps.policy();
  const names = await namesIn(deps, policy);
  const place = { channel: policy.approvalsChannel };
  const owned: Owned[] = [];
  for (const resource of new Set(review.items.map((item) => item.resource))) {
    const own = review.items.filter((item) => item.resource === resource);
    const left = own.filter(({ answer }) => answer === null).length;
    const name = policy.resources.get(resource)?.name ?? resource;
    let url = '';
    for (let part = 0; part < partsOf(review, resource); part += 1) {
      const key = `access-review:${review.id}:${resource}:${part}`;
      const post = await deps.delivery.sync(key, place, ownerCard(review, { policy, names }, resource, part), since);
      if (part === 0) url = await deps.delivery.permalink(post);
    }
    owned.push({ resource, name, left, all: own.length, url });
  }
  return owned;
}

/** Names of people, groups and PagerDuty objects that rules name by id, as far as Slack and PagerDuty know them. */
async function namesIn({ directory, onCall }: ProjectionDeps, policy: Policy): Promise<ReadonlyMap<string, string>> {
  const roles: Role[] = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const [slack, pagerDuty] = await Promise.all([
    directory.names([...new Set(roles.flatMap(principalsOfRole))]),
    Promise.all(
      pagerDutyIdsOf(roles).map(async ({ kind, id }) => {
        const name = await onCall.nameOf(kind, id);
        return name.known ? [[id, name.value] as const] : [];
      }),
    ),
  ]);
  return new Map([...slack, ...pagerDuty.flat()]);
}

/**
 * The resources of each owner. If Slack does not say who is in a group, its members only get the card in the channel.
 */
async function byOwner(deps: ProjectionDeps, owned: readonly Owned[]): Promise<ReadonlyMap<string, readonly Owned[]>> {
  const policy = deps.policy();
  const ownersIn = ({ resource }: Owned) => ownersOf(policy, policy.resources.get(resource));
  const groups = await deps.directory.members([...new Set(owned.flatMap(ownersIn).filter(isGroup))], 'preview');
  const peopleIn = (owner: Principal): readonly string[] => {
    const members = groups.get(owner);
    return isGroup(owner) ? [...(members?.known ? members.value : [])] : [owner];
  };
  const found = new Map<string, Owned[]>();
  for (const one of owned)
    for (const slackId of new Set(ownersIn(one).flatMap(peopleIn)))
      found.set(slackId, [...(found.get(slackId) ?? []), one]);
  return found;
}
