/** The flow as it is shipped, on a real database, with a world around it that answers as fast as is told. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebClient } from '@slack/web-api';
import type { Database } from 'better-sqlite3';
import { systemClock } from '../../src/app/clock.ts';
import { createFlow, type Flow } from '../../src/app/flow.ts';
import { newId } from '../../src/app/ids.ts';
import type { World } from '../../src/app/world.ts';
import { createCodeBox } from '../../src/codes/codeBox.ts';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Person } from '../../src/domain/person.ts';
import { known, unknown } from '../../src/domain/terms.ts';
import { sqliteLedger } from '../../src/ledger/open/sqlite.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { grantingBlocked } from '../../src/lifecycle/health/freeze.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { recordedLog } from '../support/log.ts';

const POLICY = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, digest: never }
resources:
  db:
    target: { kind: webhook, url: "https://targets.example", secret: "\${SECRET}" }
    roles:
      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - allow: { on_call: { escalation_policies: [PPAYMENTS] } }
`;
export const benchPolicy = () => {
  const parsed = parsePolicy(POLICY, PROVISIONERS, { SECRET: 'sixteen-characters-at-least' });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.policy;
};

export const benchPerson = (index: number): Person => ({
  slackId: `U0P${index}`,
  name: `Person ${index}`,
  email: `p${index}@harbor.example`,
  timeZone: 'UTC',
});

/** A PagerDuty at which nobody is on call. */
export const NO_ON_CALL: OnCall = {
  entries: async () => known([]),
  onCallFor: async () => known({ addresses: [], unread: null }),
  knows: async () => known(true),
  incident: async () => unknown('there is none'),
  check: async () => known(true),
  nameOf: async () => known('Checkout'),
  openIncidents: async () => known([]),
};

export interface Box {
  readonly core: Flow;
  /** Milliseconds spent in durable transactions so far. */
  inCommits(): number;
  end(): Promise<void>;
}

export async function createBenchBox(
  path: string,
  outside: { onCall: OnCall; targets: Partial<World['targets']>; readPolicy?: World['readPolicy'] },
): Promise<Box> {
  const ledger = openLedger(path);
  const inCommits = timeTransactions(ledger.sqlite);
  const personOf = (slackId: string) => benchPerson(Number(slackId.slice(3)));
  /** Slack takes forever: what is posted is not what is measured. At the end it says no. */
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const never: unknown = new Proxy(() => ended.promise, {
    get: (_target, key) => (key === 'then' ? undefined : never),
  });
  const core = await createFlow({
    ledger: sqliteLedger(ledger),
    clock: systemClock(0),
    random: Math.random,
    newId,
    log: recordedLog(),
    version: 'bench',
    policy: benchPolicy(),
    readPolicy: outside.readPolicy ?? (async () => ({ policy: benchPolicy() })),
    readPolicyText: () => ({ policy: benchPolicy() }),
    directory: {
      person: async (id) => known(personOf(id)),
      personByEmail: async () => unknown('nobody'),
      hasLeft: async () => known(null),
      isAwake: async () => known(true),
      members: async () => new Map(),
      everybody: async () => known([]),
      mailboxOwner: async () => known(null),
      names: async () => new Map(),
    },
    onCall: outside.onCall,
    incidents: {
      canWrite: false,
      note: async () => undefined,
      page: async () => undefined,
      resolve: async () => undefined,
    },
    engine: { ask: async () => unknown('none') },
    codes: createCodeBox(null),
    targets: {
      grant: async (grant) => ({ account: grant.id }),
      revoke: async () => [],
      isActive: async () => false,
      issueCredential: async () => null,
      issuesCredentials: () => false,
      canList: () => false,
      showsMarks: () => false,
      list: async () => [],
      remove: async () => undefined,
      tidy: async () => undefined,
      obstacle: () => null,
      afterlife: () => undefined,
      placeOf: (resourceId) => `bench ${resourceId}`,
      placesOf: () => new Set(),
      knowsPlace: () => true,
      stamp: async () => undefined,
      prepare: async () => () => undefined,
      ...outside.targets,
    },
    client: never as WebClient,
    checkpoints: null,
    forwarding: { webhook: null, syslog: null },
  });
  return {
    core,
    inCommits,
    end: async () => {
      ended.reject(new Error('the benchmark is over'));
      await core.stop('bench');
      ledger.close();
    },
  };
}

/** Starts it, and waits until its ledger is checked: nothing would be offered before. */
export async function grantsNow({ core }: Box): Promise<void> {
  await core.start();
  for (let turn = 0; (await grantingBlocked(core.deps)) !== null; turn += 1) {
    if (turn > 1_000) throw new Error('the ledger is still being checked');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Takes the time of every transaction, and of every claim, which is one by itself. */
function timeTransactions(sqlite: Database): () => number {
  let total = 0;
  const timed =
    <A extends unknown[], R>(work: (...args: A) => R) =>
    (...args: A): R => {
      const started = performance.now();
      try {
        return work(...args);
      } finally {
        total += performance.now() - started;
      }
    };
  const { transaction, prepare } = sqlite;
  sqlite.transaction = ((work: (...args: unknown[]) => unknown) => {
    const made = transaction.call(sqlite, work);
    return Object.assign((...args: unknown[]) => made(...args), {
      immediate: timed((...args: unknown[]) => made.immediate(...args)),
    });
  }) as typeof transaction;
  sqlite.prepare = ((source: string) => {
    const statement = prepare.call(sqlite, source);
    if (source.startsWith('UPDATE jobs SET attempts')) statement.all = timed(statement.all.bind(statement));
    return statement;
  }) as typeof prepare;
  return () => total;
}

export async function inFolder<T>(work: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-bench-'));
  try {
    return await work((name) => join(directory, name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
