import { type Decision, evaluatePolicy } from '../domain/evaluate.ts';
import { findRole } from '../domain/policy.ts';
import { type Refused, refuse } from '../domain/refusal.ts';
import type { Millis } from '../domain/terms.ts';
import type { Deps } from './deps.ts';

/** What would be decided now. Changes nothing; a submission decides again on fresh evidence. */
export async function previewRequest(
  deps: Deps,
  asked: { personId: string; role: string; duration: Millis; incidentId: string | null },
): Promise<Decision | Refused> {
  const role = findRole(deps.policy, asked.role);
  if (!role) return refuse({ code: 'unknown_role', role: asked.role });
  const person = await deps.directory.person(asked.personId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const evidence = await deps.evidence.gather(role, { person: person.value, incidentId: asked.incidentId }, 'preview');
  return evaluatePolicy(role, { at: deps.clock.now(), personId: asked.personId, duration: asked.duration, evidence });
}
