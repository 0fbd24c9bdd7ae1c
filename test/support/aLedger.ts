import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventPayloads, EventType, LedgerEvent, NewEvent } from '../../src/domain/events.ts';
import { type Actor, BOT } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import type { Store } from '../../src/ports/store.ts';
import { type ManualClock, manualClock } from './clock.ts';

/** A ledger of its own, with nothing in it. */
export interface ALedger {
  readonly ledger: OpenLedger;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly path: string;
  /** At the time that the clock has. */
  record(...events: readonly NewEvent[]): Promise<readonly LedgerEvent[]>;
  close(): void;
}

export function aLedger(start?: number): ALedger {
  const directory = mkdtempSync(join(tmpdir(), 'jitbot-ledger-'));
  const path = join(directory, 'jit.db');
  const ledger = openLedger(path);
  ledger.sqlite.pragma('synchronous = OFF');
  const clock = manualClock(start);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  return {
    ledger,
    store,
    clock,
    path,
    record: (...events) => store.commit({ events }),
    close: () => {
      ledger.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface About {
  readonly requestId?: string | null;
  readonly grantId?: string | null;
  readonly actor?: Actor;
}

/** An event of a kind, by the bot and about nothing, unless it says otherwise. */
export const anEvent = <T extends EventType>(type: T, payload: EventPayloads[T], about: About = {}): NewEvent =>
  ({ type, actor: BOT, requestId: null, grantId: null, payload, ...about }) as NewEvent;

export const person = (slackId: string, name = `Name of ${slackId}`) => ({
  slackId,
  name,
  email: `${slackId.toLowerCase()}@harbor.example`,
  timeZone: 'UTC',
});

/** Denied by the policy, as good as any. */
export const aDeniedRequest = (id: string, more: Partial<Request> = {}): Request =>
  ({
    id,
    bundle: id,
    submissionKey: id,
    requester: person('U0ANA'),
    role: 'db/read',
    duration: HOUR,
    reason: 'because it is needed',
    incidentId: null,
    submittedAt: 0,
    startsAt: null,
    extends: null,
    askedFor: null,
    signals: [],
    state: 'denied',
    decision: { effect: 'deny', rule: null, reasons: [], outcomes: [] },
    reviews: [],
    deniedAt: 0,
    ...more,
  }) as Request;
