import type { KeyedLock } from '../concurrency/keyedLock.ts';
import type { Drain } from '../domain/drain.ts';
import type { Policy } from '../domain/policy.ts';
import type { EvidenceSource } from '../ports/evidence.ts';
import type { Clock, Log, NewId } from '../ports/host.ts';
import type { ActivityReader } from '../ports/ledger.ts';
import type { IncidentDesk, OnCall } from '../ports/pagerDuty.ts';
import type { CodeBox, Directory } from '../ports/people.ts';
import type { PolicyFile } from '../ports/policy.ts';
import type { Store } from '../ports/store.ts';
import type { Targets } from '../ports/targets.ts';

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
  /** Whether nothing new is to be granted for a while. Absent: nobody can say so. */
  readonly drain?: () => Drain | null;
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

/** Whether the ledger can be built on. While it cannot, nothing new is granted; what is live still ends. */
export interface Integrity {
  /** What is wrong, or still being looked at; null: nothing. */
  problem(): string | null;
  /** What an administrator can clear by saying that they looked; null: nothing. */
  doubt(): string | null;
  /** A copy was put back, and targets were not compared with it yet. */
  isRestored(): boolean;
  /** They were. @param doubt what an administrator has to look at now */
  reconciled(doubt: string): void;
  /** Somebody has looked. */
  clearDoubt(): void;
}
