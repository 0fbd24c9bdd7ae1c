import type { DecisionInput, RuleDecision } from '../../domain/decision.ts';
import { evaluatePolicy } from '../../domain/evaluate.ts';
import type { History } from '../../domain/evidence.ts';
import type { Person } from '../../domain/person.ts';
import type { Role } from '../../domain/policy.ts';
import { type Instant, known, type Millis } from '../../domain/terms.ts';
import type { Purpose } from '../../ports/evidence.ts';
import type { Deps } from '../deps.ts';

/** What the decision is about. */
export interface Question {
  readonly person: Person;
  /** The total, in ms: for an extension, including the time already granted. */
  readonly duration: Millis;
  /** The part already granted, in ms. Absent if there is none. */
  readonly held?: Millis;
  readonly incidentId: string | null;
  readonly reason: string;
  /** The request that is decided again, so that it does not count against itself. null for a new one. */
  readonly requestId: string | null;
  /** A future start, which the decision is about. null means now. */
  readonly startsAt: Instant | null;
  /** Questions with the same object here share their lookups in other systems. */
  readonly look?: object;
}

export interface DecidedRequest {
  readonly role: Role;
  readonly input: DecisionInput;
  readonly decision: RuleDecision;
}

/** The decision after others of the same form, whose automatic approvals the ledger does not have yet. */
export function afterMore(decided: DecidedRequest, automatic: History['automatic']): DecidedRequest {
  const { role, input } = decided;
  const { history } = input.evidence;
  if (automatic.length === 0 || !history?.known) return decided;
  const more = known({ ...history.value, automatic: [...history.value.automatic, ...automatic] });
  const withMore = { ...input, evidence: { ...input.evidence, history: more } };
  return { role, input: withMore, decision: evaluatePolicy(role, withMore) };
}

/** Gathers the evidence for the role's rules and evaluates them. Problems are part of the answer. */
export async function decide(
  deps: Pick<Deps, 'evidence' | 'clock'>,
  role: Role,
  { person, duration, held = 0, incidentId, reason, requestId, startsAt, look }: Question,
  purpose: Purpose,
): Promise<DecidedRequest> {
  const ahead = startsAt !== null && startsAt > deps.clock.now() ? startsAt : null;
  const evidence = await deps.evidence.gather(
    role,
    { person, incidentId, at: ahead, requestId, duration, reason, ...(look && { look }) },
    purpose,
  );
  const input = {
    at: ahead ?? deps.clock.now(),
    personId: person.slackId,
    duration,
    ...(held > 0 && { held }),
    evidence,
  };
  return { role, input, decision: evaluatePolicy(role, input) };
}
