import type { Policy } from '../domain/policy.ts';
import type { Clock, Directory, EvidenceSource, Log, NewId, Store, Targets } from '../ports.ts';
import type { KeyedLock } from './keyedLock.ts';

/** What every verb of the flow works with. */
export interface Deps {
  readonly policy: Policy;
  readonly store: Store;
  readonly directory: Directory;
  readonly evidence: EvidenceSource;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  /** One operation at a time on the target of a grant: a revoke never overtakes the grant it undoes. */
  readonly grantLock: KeyedLock;
}
