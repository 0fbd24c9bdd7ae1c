import type { LedgerEvent } from '../../domain/events.ts';
import type { Clock } from '../../ports/host.ts';
import type { Job } from '../../ports/jobs.ts';

/** What a commit needs besides the change, on every engine. */
export interface CommitOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Work that follows from an event, such as the Slack messages about it; committed with it. */
  readonly followUps: (event: LedgerEvent) => readonly Job[];
  /** Called after each commit that made work due. */
  readonly onDue: (jobs: readonly Job[]) => void;
}
