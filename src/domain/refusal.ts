import type { RuleOutcome } from './decision.ts';
import type { Request } from './request.ts';
import type { Instant, Millis } from './terms.ts';

/** Fields of the request form that an error can belong to. */
export type Field = 'role' | 'duration' | 'reason' | 'start' | 'code';

/** An expected "no", as a value. The sentences are in wording/refusals.ts. */
export type Refusal =
  | { readonly code: 'unknown_role'; readonly role: string }
  | { readonly code: 'too_many_roles'; readonly max: number }
  | { readonly code: 'duration_too_long'; readonly max: Millis; readonly asked: Millis }
  | { readonly code: 'duration_not_positive' }
  | { readonly code: 'total_too_long'; readonly total: Millis; readonly left: Millis }
  | { readonly code: 'start_not_ahead' }
  | { readonly code: 'start_too_far'; readonly max: Millis }
  | { readonly code: 'reason_too_short'; readonly minLength: number }
  | { readonly code: 'reason_too_long'; readonly maxLength: number }
  | { readonly code: 'ticket_missing'; readonly pattern: string; readonly example: string | null }
  | { readonly code: 'person_refused'; readonly problem: string }
  /** The target has no account for this person. */
  | { readonly code: 'no_account'; readonly role: string; readonly problem: string }
  | { readonly code: 'already_holds'; readonly role: string; readonly until: Instant }
  | { readonly code: 'already_pending'; readonly role: string; readonly requestId: string }
  | { readonly code: 'unknown_request' }
  | { readonly code: 'not_pending'; readonly state: Exclude<Request['state'], 'pending'> }
  | { readonly code: 'not_narrower'; readonly role: string }
  | { readonly code: 'change_is_wider' }
  /** "Approve less" was submitted without asking for less. */
  | { readonly code: 'nothing_less' }
  | { readonly code: 'extension_as_asked' }
  | { readonly code: 'own_request' }
  | { readonly code: 'not_a_reviewer' }
  | { readonly code: 'eligibility_unknown'; readonly problem: string }
  | { readonly code: 'already_reviewed' }
  /** Somebody already approved in this reviewer's name, or the person they stand in for did. */
  | { readonly code: 'authority_used'; readonly by: string }
  | {
      readonly code: 'policy_now_denies';
      readonly reasons: readonly string[];
      readonly outcomes: readonly RuleOutcome[];
    }
  | { readonly code: 'comment_missing' }
  | { readonly code: 'unknown_grant' }
  | { readonly code: 'not_active' }
  | { readonly code: 'not_yours' }
  /** Only access that the bot cannot revoke can be declared gone. */
  | { readonly code: 'not_overdue' }
  /** Nobody can declare their own access gone. */
  | { readonly code: 'own_access' }
  | { readonly code: 'no_credential' }
  | { readonly code: 'already_extending' }
  /** Its incident is resolved: an extension would not make it end later. */
  | { readonly code: 'incident_over'; readonly until: Instant }
  | { readonly code: 'frozen'; readonly by: string; readonly reason: string }
  /** Granting pauses before maintenance. */
  | { readonly code: 'draining'; readonly until: Instant; readonly why: string }
  | { readonly code: 'ledger_damaged'; readonly problem: string }
  | { readonly code: 'not_frozen' }
  | { readonly code: 'nothing_to_look_at' }
  | { readonly code: 'not_an_admin' }
  | { readonly code: 'not_an_auditor' }
  | { readonly code: 'not_an_owner' }
  /** Somebody else has to keep a rule that names them. */
  | { readonly code: 'own_entitlement' }
  | { readonly code: 'unknown_review' }
  | { readonly code: 'review_closed' }
  | { readonly code: 'review_open'; readonly id: string; readonly dueAt: Instant }
  | { readonly code: 'review_period'; readonly min: Millis; readonly max: Millis }
  | { readonly code: 'no_break_glass'; readonly role: string }
  | { readonly code: 'break_glass_unreviewed'; readonly requestId: string; readonly reviewer: string }
  | { readonly code: 'nobody_to_review' }
  | { readonly code: 'already_looked_at' }
  | { readonly code: 'no_delegate'; readonly problem: string }
  | { readonly code: 'nothing_delegated' }
  | { readonly code: 'second_factor_needed' }
  | { readonly code: 'second_factor_missing' }
  | { readonly code: 'second_factor_wrong'; readonly left: number }
  | { readonly code: 'second_factor_used' }
  | { readonly code: 'second_factor_locked'; readonly until: Instant }
  | { readonly code: 'second_factor_unreadable' }
  | { readonly code: 'second_factor_enrolled' }
  | { readonly code: 'own_second_factor' };

export interface Refused {
  readonly refused: Refusal;
}

export const refuse = (refused: Refusal): Refused => ({ refused });

export const isRefused = <T extends object>(result: T | Refused): result is Refused => 'refused' in result;

/** The form field that a refusal is about; null if there is none. */
export function refusedField(refusal: Refusal): Field | null {
  switch (refusal.code) {
    case 'unknown_role':
    case 'too_many_roles':
    case 'no_account':
    case 'already_holds':
    case 'already_pending':
      return 'role';
    case 'duration_too_long':
    case 'duration_not_positive':
    case 'total_too_long':
      return 'duration';
    case 'start_not_ahead':
    case 'start_too_far':
      return 'start';
    case 'second_factor_needed':
    case 'second_factor_missing':
    case 'second_factor_wrong':
    case 'second_factor_used':
    case 'second_factor_locked':
    case 'second_factor_unreadable':
      return 'code';
    case 'reason_too_short':
    case 'reason_too_long':
    case 'ticket_missing':
      return 'reason';
    default:
      return null;
  }
}
