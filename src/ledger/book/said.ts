import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';

/** What the events say about a live grant. */
export interface SaidGrant {
  readonly requestId: string | null;
  /** null if an earlier version's event does not say. */
  readonly endsAt: Instant | null;
  /** Whether it is being revoked. */
  readonly isEnding: boolean;
}

/** The state according to the events taken so far. */
export interface SaidState {
  /** Live grants by id. */
  readonly grants: Map<string, SaidGrant>;
  /** Stand-ins by the Slack id of the absent person. null if ended. */
  readonly delegations: Map<string, { readonly to: string; readonly until: Instant } | null>;
  /** Events of the answers that removed a rule, by role and rule. */
  readonly removals: Map<string, number>;
  /** The event that froze all access, unless lifted since. */
  frozen: number | null;
}

export const nothingSaid = (): SaidState => ({
  grants: new Map(),
  delegations: new Map(),
  removals: new Map(),
  frozen: null,
});

/** The fields of an event that affect the state. */
export interface Said {
  readonly seq: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly endsAt: unknown;
  readonly payload: string | null;
}

const delegationSchema = z.looseObject({
  from: z.looseObject({ slackId: z.string() }),
  to: z.looseObject({ slackId: z.string() }),
  until: z.number().optional(),
});

const answerSchema = z.looseObject({ role: z.string(), entitlement: z.string(), verdict: z.string() });

/** Takes the next event. Call it in ledger order. */
export function take(state: SaidState, { seq, type, requestId, grantId, endsAt, payload }: Said): void {
  if (type === 'access.frozen') state.frozen = seq;
  else if (type === 'access.unfrozen') state.frozen = null;
  else if (payload !== null && type === 'access_review.answered') takeAnswer(state, seq, payload);
  else if (payload !== null) takeDelegation(state, type, payload);
  if (grantId !== null)
    takeGrant(state, type, grantId, { requestId, endsAt: typeof endsAt === 'number' ? endsAt : null });
}

function takeGrant(
  { grants }: SaidState,
  type: string,
  id: string,
  { requestId, endsAt }: Pick<SaidGrant, 'requestId' | 'endsAt'>,
): void {
  const before = grants.get(id);
  switch (type) {
    case 'grant.provisioning':
      grants.set(id, { requestId, endsAt, isEnding: false });
      return;
    case 'grant.activated':
    case 'grant.extended':
    case 'grant.shortened':
      if (before) grants.set(id, { ...before, endsAt: endsAt ?? before.endsAt });
      return;
    case 'grant.revoking':
    case 'grant.overdue':
      grants.set(id, { endsAt: null, ...before, requestId: before?.requestId ?? requestId, isEnding: true });
      return;
    case 'grant.ended':
    case 'grant.failed':
    case 'grant.declared_gone':
      grants.delete(id);
  }
}

function takeAnswer({ removals }: SaidState, seq: number, payload: string): void {
  const said = answerSchema.safeParse(JSON.parse(payload)).data;
  if (!said) return;
  const rule = `${said.role}\n${said.entitlement}`;
  if (said.verdict === 'remove') removals.set(rule, seq);
  else removals.delete(rule);
}

function takeDelegation({ delegations }: SaidState, type: string, payload: string): void {
  const said = delegationSchema.safeParse(JSON.parse(payload)).data;
  if (!said) return;
  const { from, to, until } = said;
  delegations.set(from.slackId, type === 'delegation.set' && until !== undefined ? { to: to.slackId, until } : null);
}
