import type { LedgerEvent, NewEvent } from '../../domain/events.ts';
import type { Grant } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import type { Request } from '../../domain/request.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Job } from '../../ports/jobs.ts';
import type { Change, RecordChange, Versioned } from '../../ports/store.ts';
import { canonical } from './canonical.ts';
import { type EventRow, hashEvent } from './chain.ts';

/** What a database engine writes, within one transaction. */
export interface Writes {
  /** `request`, `grant` and `record`: @throws ConflictError if the stored version is not the loaded one */
  request(change: Versioned<Request>): void;
  grant(change: Versioned<Grant>): void;
  record(change: RecordChange): void;
  /** Deletes the seats of a grant that no longer gives anything. */
  unseat(grantId: string): void;
  /** @param people Slack ids of the people whom the event names */
  event(row: EventRow, people: ReadonlySet<string>): void;
  /** Adds due work, or moves the job of the same kind and key. */
  putJob(job: Job): void;
  deleteJob(job: Pick<Job, 'kind' | 'key'>): void;
}

/** Replaces people's names with references to them. */
export interface Names {
  put<T extends object>(value: T): { stored: T; people: ReadonlySet<string> };
}

/** The newest event, to which the next one is chained. */
export type Tail = Pick<EventRow, 'seq' | 'hash'>;

export interface Applied {
  readonly events: readonly LedgerEvent[];
  /** The due work that the change adds. */
  readonly due: readonly Job[];
  readonly tail: Tail;
}

export type Apply = (change: Change, at: Instant, before: Tail) => Applied;

/**
 * Writes a change in the order that every engine keeps: states, whose versions decide whether the change happens at all; then
 * events, each chained to the one before; then due work, also what follows from the events.
 */
export function applyTo(
  writes: Writes,
  { names, followUps }: { readonly names: Names; readonly followUps: (event: LedgerEvent) => readonly Job[] },
): Apply {
  return (change, at, before) => {
    for (const one of change.requests ?? []) writes.request(one);
    for (const one of change.grants ?? []) writes.grant(one);
    for (const one of change.records ?? []) writes.record(one);
    for (const grantId of change.unseated ?? []) writes.unseat(grantId);
    let last = before;
    const recorded = (change.events ?? []).map((event) => {
      const { stored, people } = names.put({ actor: event.actor, payload: event.payload });
      const row = chainEvent(event, stored, at, last);
      writes.event(row, people);
      const { seq, prevHash, hash } = row;
      last = { seq, hash };
      return { ...event, seq, at, prevHash, hash } as LedgerEvent;
    });
    for (const job of change.done ?? []) writes.deleteJob(job);
    const due = [...(change.jobs ?? []), ...recorded.flatMap(followUps)];
    for (const job of due) writes.putJob(job);
    return { events: recorded, due, tail: last };
  };
}

function chainEvent(
  { type, requestId, grantId }: Pick<NewEvent, 'type' | 'requestId' | 'grantId'>,
  stored: { readonly actor: object; readonly payload: object },
  at: Instant,
  before: Tail,
): EventRow {
  const row = {
    seq: before.seq + 1,
    at,
    type,
    actor: stored.actor === BOT ? BOT_TEXT : canonical(stored.actor),
    requestId,
    grantId,
    payload: canonical(stored.payload),
    prevHash: before.hash,
  };
  return { ...row, hash: hashEvent(row) };
}

/** The actor of most events. */
const BOT_TEXT = canonical(BOT);
