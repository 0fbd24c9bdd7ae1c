import { nextTurn } from '../../concurrency/turn.ts';
import type { NewEvent } from '../../domain/events.ts';
import { BOT, type Named, named } from '../../domain/person.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Store } from '../../ports/store.ts';
import type { Targets } from '../../ports/targets.ts';
import type { Deps } from '../deps.ts';

/** Live access that a policy cannot revoke, because its place is out of the policy's reach. */
export interface Stranded {
  readonly grantId: string;
  readonly requestId: string;
  /** `payments-db/read` */
  readonly role: string;
  readonly person: Named;
  /** The place where it was given. */
  readonly place: string;
}

/** Live access that would be stranded if this policy alone had to reach it. */
export async function strandedBy(
  {
    store,
    targets,
  }: { readonly store: Pick<Store, 'livePlaces' | 'liveGrants'>; readonly targets: Pick<Targets, 'placesOf'> },
  policy: Policy,
): Promise<readonly Stranded[]> {
  const reached = targets.placesOf(policy);
  await nextTurn();
  const isReached = (place: string | null, resourceId: string): boolean =>
    place === null ? policy.resources.has(resourceId) : reached.has(place);
  const stranded: Stranded[] = [];
  const resources = (await store.livePlaces()).filter(({ place, resourceId }) => !isReached(place, resourceId));
  for (const resourceId of new Set(resources.map((one) => one.resourceId)))
    for (const { value: grant } of await store.liveGrants({ resourceId }))
      if (!isReached(grant.place, resourceId))
        stranded.push({
          grantId: grant.id,
          requestId: grant.requestId,
          role: grant.role,
          person: named(grant.person),
          place: grant.place ?? `the target of ${resourceId}`,
        });
  return stranded;
}

/** One line per grant, for people and for the ledger. */
export const strandedLine = ({ person, role, place }: Stranded): string =>
  `live access of ${person.name} to ${role} was given at "${place}", which the policy no longer reaches`;

/** Reports at start, loudly, that the policy cannot revoke live access, instead of when its end has passed. */
export async function tellOfStranded(deps: Deps): Promise<void> {
  const stranded = await strandedBy(deps, deps.policy);
  if (stranded.length === 0) return;
  for (const one of stranded)
    deps.log.error(
      { grantId: one.grantId, role: one.role, person: one.person.slackId, place: one.place },
      'live access was given at a place that the policy file does not reach any more; put that target under retired_targets, with its secrets, until the access has ended',
    );
  await deps.store.commit({
    events: stranded.map(
      ({ grantId, requestId, role, person, place }): NewEvent => ({
        type: 'grant.stranded',
        actor: BOT,
        requestId,
        grantId,
        payload: { role, person, place },
      }),
    ),
  });
}
