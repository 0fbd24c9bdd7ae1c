import type { Policy } from '../domain/policy.ts';
import type {
  ActivityReader,
  Clock,
  CodeBox,
  Directory,
  EvidenceSource,
  IncidentDesk,
  Log,
  NewId,
  OnCall,
  PolicyFile,
  Store,
  Targets,
} from '../ports.ts';
import type { Integrity } from './integrity.ts';
import type { KeyedLock } from './keyedLock.ts';

/** What every verb of the flow works with. */
export interface Deps {
  /** The one in force: it can be replaced while the bot runs, so it is read anew at every step. */
  readonly policy: Policy;
  readonly policyFile: PolicyFile;
  readonly store: Store;
  readonly directory: Directory;
  readonly evidence: EvidenceSource;
  readonly activity: ActivityReader;
  readonly onCall: OnCall;
  readonly incidents: IncidentDesk;
  readonly codes: CodeBox;
  readonly integrity: Integrity;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  /** One operation at a time on the target of a grant: a revoke never overtakes the grant it undoes. */
  readonly grantLock: KeyedLock;
  /** One decision at a time about roles with limits: two who ask in the same instant do not both get the last place. */
  readonly limitLock: KeyedLock;
  /** One commit at a time of what begins access for one human, by whichever of their accounts. */
  readonly humanLock: KeyedLock;
}
