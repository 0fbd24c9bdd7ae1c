import type { Decision, DecisionInput } from '../../domain/decision.ts';
import type { NewEvent } from '../../domain/events.ts';
import type { ActiveGrant } from '../../domain/grant.ts';
import { BOT, named, type Person, personActor } from '../../domain/person.ts';
import type { Request, requestCore } from '../../domain/request.ts';
import type { Signal } from '../../domain/signals.ts';
import type { Change, Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { approvalChange, asFarAsAllowed } from '../review/approvalChange.ts';
import type { DecidedRequest } from './decide.ts';

export type Opened = { readonly request: Request; readonly change: Change };

/** Job key of an escalation step of a request. */
export const escalationKey = (requestId: string, step: number): string => `${requestId}:${step}`;
/** The step that checks whether the rule has enough reviewers at all. */
export const STAFFING_STEP = -1;

/** A new request as the policy decided it: approved, waiting for reviewers, or denied. */
export function requestChange(
  deps: Pick<Deps, 'clock' | 'newId' | 'policy' | 'targets'>,
  asked: ReturnType<typeof requestCore>,
  decided: DecidedRequest,
  extending: Versioned<ActiveGrant> | null,
): Opened {
  const { decision } = decided;
  const core = asFarAsAllowed(asked, decided);
  const now = deps.clock.now();
  const submitted = submittedEvents(deps, core, decided);
  switch (decision.effect) {
    case 'allow': {
      const { request, grants, events, jobs } = approvalChange(deps, {
        core,
        decided,
        reviews: [],
        extending,
        useReview: null,
      });
      return {
        request,
        change: { requests: [{ value: request, version: 0 }], grants, events: [...submitted, ...events], jobs },
      };
    }
    case 'ask': {
      const expiresAt = now + decision.expiresAfter;
      const request: Request = { ...core, state: 'pending', decision, expiresAt, reviews: [], escalations: [] };
      const steps = [
        { step: STAFFING_STEP, dueAt: now },
        ...decision.escalate.map(({ after }, step) => ({ step, dueAt: now + after })),
      ];
      return {
        request,
        change: {
          requests: [{ value: request, version: 0 }],
          events: submitted,
          jobs: [
            { kind: 'expire', key: core.id, dueAt: expiresAt },
            ...steps.map(
              ({ step, dueAt }) => ({ kind: 'escalate', key: escalationKey(core.id, step), dueAt }) as const,
            ),
          ],
        },
      };
    }
    case 'deny': {
      const request: Request = { ...core, state: 'denied', decision, reviews: [], deniedAt: now };
      return {
        request,
        change: {
          requests: [{ value: request, version: 0 }],
          events: [
            ...submitted,
            {
              requestId: core.id,
              grantId: null,
              type: 'request.denied',
              actor: BOT,
              payload: { role: core.role, requester: named(core.requester), by: 'policy', reasons: decision.reasons },
            },
          ],
        },
      };
    }
  }
}

/** Includes the decision's full input and the policy's hash, so that it can be decided again years later. */
export const submittedEvents = (
  { policy }: Pick<Deps, 'policy'>,
  core: ReturnType<typeof requestCore>,
  { input, decision }: { input: DecisionInput; decision: Decision },
): NewEvent[] => [
  {
    type: 'request.submitted',
    actor: personActor(core.requester),
    requestId: core.id,
    grantId: null,
    payload: {
      role: core.role,
      requester: core.requester,
      duration: core.duration,
      reason: core.reason,
      incidentId: core.incidentId,
      startsAt: core.startsAt,
      extends: core.extends,
      policyHash: policy.hash,
      input,
      decision,
    },
  },
  ...signalEvents(core, core.signals),
];

/** What was unusual about a request when it was decided. */
export const signalsOf = ({ input }: { input: DecisionInput }): readonly Signal[] =>
  input.evidence.signals?.known ? input.evidence.signals.value : [];

/** No event, or one that names all signals. */
export const signalEvents = (
  { id, role, requester }: { id: string; role: string; requester: Person },
  signals: readonly Signal[],
): NewEvent[] =>
  signals.length === 0
    ? []
    : [
        {
          type: 'signals.raised',
          actor: BOT,
          requestId: id,
          grantId: null,
          payload: { role, requester: named(requester), signals },
        },
      ];
