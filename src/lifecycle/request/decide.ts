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
  /** All of it: for an extension, with what is held already. */
  readonly duration: Millis;
  /** How much of it is held already. Absent: nothing. */
  readonly held?: Millis;
  readonly incidentId: string | null;
  readonly reason: string;
  /** The request that is decided again: it does not count against itself. null: a new one. */
  readonly requestId: string | null;
  /** A start that lies ahead: the decision is about then. null: now. */
  readonly startsAt: Instant | null;
  /** Questions with the same one are asked together, and share what they ask of others. */
  readonly look?: object;
}

export interface DecidedRequest {
  readonly role: Role;
  readonly input: DecisionInput;
  readonly decision: RuleDecision;
}

/** The same decision where more was approved without a reviewer meanwhile than the ledger knows: by the same form. */
export function afterMore(decided: DecidedRequest, automatic: History['automatic']): DecidedRequest {
  const { role, input } = decided;
  const { history } = input.evidence;
  if (automatic.length === 0 || !history?.known) return decided;
  const more = known({ ...history.value, automatic: [...history.value.automatic, ...automatic] });
  const withMore = { ...input, evidence: { ...input.evidence, history: more } };
  return { role, input: withMore, decision: evaluatePolicy(role, withMore) };
}

/** Gathers what the role's rules ask and decides them. Problems are part of the answer. */
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
