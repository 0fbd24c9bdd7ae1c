import { findRole } from '../domain/policy.ts';
import { type Refused, refuse } from '../domain/refusal.ts';
import type { Instant, Millis } from '../domain/terms.ts';
import { type Decided, decide } from './decide.ts';
import type { Deps } from './deps.ts';
import { obstacleFor } from './obstacle.ts';

/** What would be decided now. Changes nothing; a submission decides again on fresh evidence. */
export async function previewRequest(
  deps: Deps,
  asked: {
    personId: string;
    role: string;
    duration: Millis;
    incidentId: string | null;
    reason: string;
    startsAt: Instant | null;
  },
): Promise<Decided | Refused> {
  const role = findRole(deps.policy, asked.role);
  if (!role) return refuse({ code: 'unknown_role', role: asked.role });
  const person = await deps.directory.person(asked.personId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const obstacle = await obstacleFor(deps, role.resourceId, person.value);
  if (obstacle !== null) return refuse({ code: 'no_account', role: asked.role, problem: obstacle });
  return decide(deps, role, { ...asked, requestId: null, person: person.value }, 'preview');
}
