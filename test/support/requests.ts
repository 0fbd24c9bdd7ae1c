/** Requests as they stand in the ledger, when nothing special is said about them. */

import type { AskDecision } from '../../src/domain/decision.ts';
import type { ApprovedRequest, PendingRequest } from '../../src/domain/request.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { ANA, NOON } from './domain.ts';

/** Chloé has to say yes. */
export const anAskDecision = (more: Partial<AskDecision> = {}): AskDecision => ({
  effect: 'ask',
  rule: 1,
  reasons: ['a reviewer has to approve'],
  outcomes: [],
  maxDuration: null,
  stages: [{ reviewers: ['U0CHLOE'], needed: 1 }],
  escalate: [],
  expiresAfter: 4 * HOUR,
  proof: { onCall: null, incident: null },
  ...more,
});

/** Ana asks for an hour of db/read at noon, and waits for Chloé. */
export const aWaitingRequest = (more: Partial<PendingRequest> = {}): PendingRequest => ({
  id: 'R1',
  bundle: more.id ?? 'R1',
  submissionKey: `S-${more.id ?? 'R1'}`,
  requester: ANA,
  role: 'db/read',
  duration: HOUR,
  reason: 'because it is needed',
  incidentId: null,
  submittedAt: NOON,
  startsAt: null,
  extends: null,
  askedFor: null,
  signals: [],
  state: 'pending',
  decision: anAskDecision(),
  expiresAt: NOON + 4 * HOUR,
  reviews: [],
  escalations: [],
  ...more,
});

/** The same, approved at noon. */
export const anApprovedRequest = (more: Partial<ApprovedRequest> = {}): ApprovedRequest => {
  const { expiresAt: _until, escalations: _asked, ...waiting } = aWaitingRequest({ id: more.id ?? 'R1' });
  return { ...waiting, state: 'approved', approvedAt: NOON, grantId: 'G1', useReview: null, ...more };
};
