import type { Policy } from '../../domain/policy.ts';
import type { Clock } from '../../ports/host.ts';
import type { EventReader } from '../../ports/ledger.ts';
import type { OnCall } from '../../ports/pagerDuty.ts';
import type { Directory } from '../../ports/people.ts';
import type { PostBook } from '../../ports/posts.ts';
import type { Store } from '../../ports/store.ts';
import type { Targets } from '../../ports/targets.ts';
import type { AnswerWindows } from '../kit/answerWindows.ts';
import type { AuditAnchors } from './auditAnchors.ts';
import type { Delivery } from './delivery.ts';
import { loadShown, type Shown } from './shown.ts';

/** What messages are made from, and what sends them. */
export interface ProjectionDeps {
  /** The policy in force. */
  readonly policy: () => Policy;
  readonly store: Store;
  readonly targets: Pick<Targets, 'issuesCredentials'>;
  readonly directory: Pick<Directory, 'names' | 'members'>;
  readonly onCall: Pick<OnCall, 'nameOf'>;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly delivery: Delivery;
  readonly clock: Pick<Clock, 'now'>;
  /** Windows that answered a request. */
  readonly windows: Pick<AnswerWindows, 'refresh'>;
  /** Something changed for somebody: their Home, if they look at it, is brought up to date. */
  readonly refreshHome: (slackId: string) => Promise<void>;
  /** What the audit channel shows already. */
  readonly anchors: AuditAnchors;
}

/** A request with everything that is shown of it, or null if there is none. */
export async function shownOf(deps: ProjectionDeps, requestId: string): Promise<Shown | null> {
  const request = (await deps.store.request(requestId))?.value;
  return request ? loadShown({ ...deps, policy: deps.policy() }, request) : null;
}
