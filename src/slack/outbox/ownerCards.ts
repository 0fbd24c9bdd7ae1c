import { principalsOfRole } from '../../domain/policy.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { ownerCard, partsOf } from './accessReviewCard.ts';
import type { ProjectionDeps } from './projectionDeps.ts';
import { whenSlackAllows } from './whenSlackAllows.ts';

/** The messages to the owners of each resource in an access review. */
export const ownerCardProjection = (deps: ProjectionDeps): JobHandler =>
  whenSlackAllows(async (id, attempt) => {
    const review = (await deps.store.record('access_review', id)).value;
    if (!review) return;
    const policy = deps.policy();
    const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
    const names = await deps.directory.names([...new Set(roles.flatMap(principalsOfRole))]);
    for (const resource of new Set(review.items.map((item) => item.resource)))
      for (let part = 0; part < partsOf(review, resource); part += 1) {
        const message = ownerCard(review, { policy, names }, resource, part);
        const place = { channel: policy.approvalsChannel };
        await deps.delivery.sync(
          `access-review:${id}:${resource}:${part}`,
          place,
          message,
          attempt > 1 ? review.startedAt : null,
        );
      }
  });
