import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { keyedLock } from '../../src/concurrency/keyedLock.ts';
import type { LedgerEvent } from '../../src/domain/events.ts';
import type { Person } from '../../src/domain/person.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Known, known, unknown } from '../../src/domain/terms.ts';
import { createActivityReader } from '../../src/ledger/history/activity.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { evidenceSource } from '../../src/lifecycle/evidenceSource.ts';
import type { ConfirmedFactor } from '../../src/lifecycle/people/secondFactor.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import type { Directory } from '../../src/ports/people.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { type ManualClock, manualClock } from './clock.ts';
import { eventsIn } from './events.ts';
import { factorsOf } from './factors.ts';
import { type RecordedLog, recordedLog } from './log.ts';

/** The flow on a ledger of its own, with the world around it in the test's hands: no wire, and no jobs of their own. */
export interface Flow {
  readonly deps: Deps;
  readonly clock: ManualClock;
  readonly log: RecordedLog;
  /** The policy in force; a test may replace it at any moment. */
  policy: Policy;
  /** By Slack id: active members of the workspace. */
  readonly people: Map<string, Person>;
  readonly groups: Map<string, Set<string>>;
  /** What the target says of somebody before anything is given; null: nothing speaks against it. */
  obstacle: string | null;
  /** What Slack says of everybody; null: those in `people`. */
  everybody: Known<readonly Person[]> | null;
  /** How people are called at the target, by resource. */
  readonly templates: Map<string, string>;
  /** How often something was decided one at a time, because of limits. */
  limited: number;
  events(): readonly LedgerEvent[];
  /** Sets up codes for somebody. @returns a fresh code, checked */
  factorOf(personId: string): Promise<ConfirmedFactor>;
  close(): void;
}

export const aPerson = (slackId: string, name: string, email: string): Person => ({
  slackId,
  name,
  email,
  timeZone: 'UTC',
});

const NOBODY = unknown('Slack does not know this person');

export function startFlow(policy: Policy): Flow {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-flow-'));
  const ledger = openLedger(join(folder, 'jit.db'));
  ledger.sqlite.pragma('synchronous = OFF');
  const clock = manualClock();
  const log = recordedLog();
  const people = new Map<string, Person>();
  const groups = new Map<string, Set<string>>();
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  const directory: Directory = {
    person: async (id) => known0(people.get(id)),
    personByEmail: async (email) => known0([...people.values()].find((one) => one.email === email)),
    hasLeft: async () => known(null),
    isAwake: async () => known(true),
    members: async (ids) => new Map(ids.map((id) => [id, known(groups.get(id) ?? new Set<string>())])),
    everybody: async () => flow.everybody ?? known([...people.values()]),
    mailboxOwner: async () => known(null),
    names: async () => new Map(),
  };
  const onCall: OnCall = {
    entries: async () => known([]),
    onCallFor: async () => known({ addresses: [], unread: null }),
    knows: async () => known(false),
    incident: async () => unknown('there is no such incident'),
    check: async () => known(true),
    nameOf: async () => known('Checkout'),
    openIncidents: async () => known([]),
  };
  const targets: Targets = {
    grant: async (grant) => ({ account: `at-${grant.person.slackId}` }),
    revoke: async () => [],
    placeOf: (resourceId) => (resourceId.startsWith('db') ? 'db' : resourceId),
    placesOf: () => new Set(['here']),
    knowsPlace: () => true,
    stamp: async () => undefined,
    tidy: async () => undefined,
    isActive: async () => false,
    canList: () => false,
    showsMarks: () => false,
    list: async () => [],
    remove: async () => undefined,
    issueCredential: async () => null,
    issuesCredentials: () => false,
    obstacle: () => flow.obstacle,
    accountTemplate: (resourceId) => flow.templates.get(resourceId) ?? null,
    afterlife: () => undefined,
  };
  const activity = createActivityReader(ledger);
  const engine = { ask: async () => unknown('no engine') };
  const limitLock = keyedLock();
  let id = 0;
  const deps: Deps = {
    get policy() {
      return flow.policy;
    },
    policyFile: {
      read: async () => ({ problem: 'no file' }),
      use: async (next) => {
        flow.policy = next;
      },
    },
    store,
    directory,
    activity,
    evidence: evidenceSource({
      onCall,
      directory,
      store,
      activity,
      engine,
      clock,
      policy: () => flow.policy,
    }),
    onCall,
    incidents: {
      canWrite: false,
      note: async () => undefined,
      page: async () => undefined,
      resolve: async () => undefined,
    },
    codes: createCodeBox(Buffer.alloc(32, 7)),
    integrity: {
      problem: () => null,
      doubt: () => null,
      clearDoubt: () => undefined,
      isRestored: () => false,
      reconciled: () => undefined,
    },
    targets,
    clock,
    newId: (prefix) => `${prefix}${String(++id).padStart(4, '0')}`,
    log,
    grantLock: keyedLock(),
    humanLock: keyedLock(),
    policyLock: keyedLock(),
    takenBack: new Set(),
    limitLock: (key, work) => {
      flow.limited += 1;
      return limitLock(key, work);
    },
  };
  const flow: Flow = {
    deps,
    clock,
    log,
    policy,
    people,
    groups,
    obstacle: null,
    everybody: null,
    templates: new Map(),
    limited: 0,
    events: () => eventsIn(ledger),
    factorOf: factorsOf(deps, clock),
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  return flow;
}

const known0 = (person: Person | undefined) => (person ? known(person) : NOBODY);
