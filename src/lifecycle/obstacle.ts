import type { Person } from '../domain/person.ts';
import type { Deps } from './deps.ts';

/** What keeps a person from getting anything at a resource, whatever the policy decides. @returns null if nothing is known */
export async function obstacleFor(deps: Deps, resourceId: string, person: Person): Promise<string | null> {
  return deps.targets.obstacle(resourceId, person);
}
