import type { RuleOutcome } from './evaluate.ts';
import type { Request } from './request.ts';
import type { Instant, Millis } from './terms.ts';

/** Fields of the request form that an error can belong to. */
export type Field = 'role' | 'duration' | 'reason';

/** An expected "no", as a value. Slack sentences for each live in slack/sentences.ts. */
export type Refusal =
  | { readonly code: 'unknown_role'; readonly role: string }
  | { readonly code: 'duration_too_long'; readonly max: Millis; readonly asked: Millis }
  | { readonly code: 'duration_not_positive' }
  | { readonly code: 'reason_too_short'; readonly minLength: number }
  | { readonly code: 'reason_too_long'; readonly maxLength: number }
  | { readonly code: 'ticket_missing'; readonly pattern: string }
  | { readonly code: 'person_refused'; readonly problem: string }
  | { readonly code: 'already_holds'; readonly role: string; readonly until: Instant }
  | { readonly code: 'already_pending'; readonly role: string; readonly requestId: string }
  | { readonly code: 'unknown_request' }
  | { readonly code: 'not_pending'; readonly state: Exclude<Request['state'], 'pending'> }
  | { readonly code: 'own_request' }
  | { readonly code: 'not_a_reviewer' }
  | { readonly code: 'eligibility_unknown'; readonly problem: string }
  | { readonly code: 'already_reviewed' }
  | {
      readonly code: 'policy_now_denies';
      readonly reasons: readonly string[];
      readonly outcomes: readonly RuleOutcome[];
    }
  | { readonly code: 'comment_missing' }
  | { readonly code: 'unknown_grant' }
  | { readonly code: 'not_active' }
  | { readonly code: 'not_yours' }
  | { readonly code: 'no_credential' };

export interface Refused {
  readonly refused: Refusal;
}

export const refuse = (refused: Refusal): Refused => ({ refused });

export const isRefused = <T extends object>(result: T | Refused): result is Refused => 'refused' in result;

/** The form field to show a refusal on, where it is about one. */
export function refusedField(refusal: Refusal): Field | null {
  switch (refusal.code) {
    case 'unknown_role':
    case 'already_holds':
    case 'already_pending':
      return 'role';
    case 'duration_too_long':
    case 'duration_not_positive':
      return 'duration';
    case 'reason_too_short':
    case 'reason_too_long':
    case 'ticket_missing':
      return 'reason';
    default:
      return null;
  }
}
