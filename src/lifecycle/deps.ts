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

/** The dependencies of every verb of the flow. */
export interface Deps {
  /** The policy in force. It can be replaced while the bot runs, so read it anew at every step. */
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
  /** The pause before maintenance, if one was started. Absent where pauses cannot be started. */
  readonly drain?: () => Promise<Drain | null>;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  /** One operation at a time per grant on its target, so that a revoke never overtakes the call that gives access. */
  readonly grantLock: KeyedLock;
  /** Grants whose access was taken back while nothing could be recorded, until they are no longer active in the ledger. */
  readonly takenBack: Set<string>;
  /** One decision at a time about roles with limits, so that two simultaneous requests do not both get the last place. */
  readonly limitLock: KeyedLock;
  /** One commit at a time that begins access for one human, by any of their accounts. */
  readonly humanLock: KeyedLock;
  /** One reload at a time, so that an older file never takes the place of a newer one. */
  readonly policyLock: KeyedLock;
}

/** Whether the ledger can be trusted. If not, nothing new is granted, and live access still ends. */
export interface Integrity {
  /** What is wrong, or still being checked; null if nothing is. */
  problem(): string | null;
  /** The doubt that an administrator can clear by saying that they looked; null if there is none. */
  doubt(): string | null;
  /** Whether a copy was restored with which targets have not been compared yet. */
  isRestored(): boolean;
  /** Notes that targets have been compared with the restored copy. @param doubt what an administrator has to look at now */
  reconciled(doubt: string): void;
  /** Notes that an administrator has looked. */
  clearDoubt(): void;
}
