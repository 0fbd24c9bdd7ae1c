import type { WebClient } from '@slack/web-api';
import type { Policy } from '../domain/policy.ts';
import type { ForwardingPlaces } from '../forwarding/forwarding.ts';
import type { CheckpointBook } from '../ledger/history/checkpointBook.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import type { PolicyTextReader } from '../lifecycle/reloadPolicy.ts';
import type { Clock, Log, NewId } from '../ports/host.ts';
import type { Meter } from '../ports/meter.ts';
import type { IncidentDesk, OnCall } from '../ports/pagerDuty.ts';
import type { CodeBox, Directory } from '../ports/people.ts';
import type { PolicyEngine, PolicyFile } from '../ports/policy.ts';
import type { Targets } from '../ports/targets.ts';

/** The world around the flow: everything outside that answers, and everything that is random or depends on time. */
export interface World {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly newId: NewId;
  readonly log: Log;
  readonly version: string;
  readonly policy: Policy;
  readonly readPolicy: PolicyFile['read'];
  /** To record what a restart changes. */
  readonly readPolicyText: PolicyTextReader;
  readonly directory: Directory;
  readonly onCall: OnCall;
  readonly incidents: IncidentDesk;
  readonly engine: PolicyEngine;
  readonly codes: CodeBox;
  readonly targets: Targets & { prepare(policy: Policy): Promise<() => void> };
  /** Slack's client for messages that nobody waits for. */
  readonly client: WebClient;
  readonly checkpoints: CheckpointBook | null;
  readonly forwarding: ForwardingPlaces;
  /** Without it, nothing is counted. */
  readonly meter?: Meter;
}
