import type { LedgerEvent, NewEvent } from '../../domain/events.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Job } from '../../ports/jobs.ts';
import type { Change } from '../../ports/store.ts';
import { KEEPS_OUT } from '../../ports/targets.ts';
import { canonical } from '../book/canonical.ts';
import { grantRow, requestRow } from '../book/stateRows.ts';
import type { NameBook, NewName } from './nameBook.ts';

/** A change as `jit_apply` takes it. */
export interface Encoded {
  readonly text: string;
  readonly names: readonly NewName[];
}

interface EncodeOptions {
  readonly names: NameBook;
  readonly followUps: (event: LedgerEvent) => readonly Job[];
}

/** Numbers of events are given under the lock, in the database. Until then each has one of these: no real number is that large. */
const UNNUMBERED = 9_000_000_000_000_000;

/** Half of a character, or none, that JSON can say and PostgreSQL's text cannot hold; the other alternative skips every other escape. */
const UNHOLDABLE = /\\(?:u0000|ud[89a-f]..\\ud[c-f]..|ud[89a-f]..|.)/g;

/** The change as text: what JSON can say and PostgreSQL cannot hold becomes the replacement character, so that it keeps no end from being recorded. */
export function encode(change: Change, at: Instant, { names, followUps }: EncodeOptions): Encoded {
  const created: NewName[] = [];
  const events = (change.events ?? []).map((event) => {
    const { stored, people } = names.put({ actor: event.actor, payload: event.payload }, created);
    const { type, requestId, grantId } = event;
    return { type, requestId, grantId, people, actor: canonical(stored.actor), payload: canonical(stored.payload) };
  });
  const text = JSON.stringify({
    at,
    requests: (change.requests ?? []).map((one) => ({ ...requestRow(one), ...lookedUp(one.value) })),
    grants: (change.grants ?? []).map((one) => ({ ...grantRow(one), ...placed(one.value) })),
    records: (change.records ?? []).map(({ kind, key, value, version }) => ({
      kind,
      key,
      version,
      body: JSON.stringify(value),
    })),
    unseated: change.unseated ?? [],
    keepsOut: `${KEEPS_OUT}%`,
    names: created,
    events,
    done: change.done ?? [],
    jobs: [
      ...(change.jobs ?? []),
      ...(change.events ?? []).flatMap((event, index) => after(event, index, at, followUps)),
    ],
  });
  return { text: text.replace(UNHOLDABLE, (found) => (isHoldable(found) ? found : '\\ufffd')), names: created };
}

const isHoldable = (escaped: string): boolean =>
  escaped !== '\\u0000' && !(escaped.length === 6 && escaped.startsWith('\\ud'));

/** What queries look for in the body of a request. */
export const lookedUp = (request: Request) => ({
  extends: request.extends,
  incident: request.incidentId,
  decidedAt:
    request.state === 'approved'
      ? request.approvedAt
      : request.state === 'denied'
        ? request.deniedAt
        : request.startsAt,
  isReviewed: 'reviews' in request && request.reviews.length > 0,
});

/** What queries look for in the body of a grant. */
export const placed = (grant: Grant) => ({
  place: 'place' in grant ? grant.place : null,
  incident: 'ties' in grant ? (grant.ties.incident?.id ?? null) : null,
});

/** Work that follows from an event; where its key is the event's number, its place in the change stands for that. */
function after(event: NewEvent, index: number, at: Instant, followUps: EncodeOptions['followUps']) {
  const seq = UNNUMBERED + index;
  const number = String(seq);
  return followUps({ ...event, seq, at, prevHash: '', hash: '' } as LedgerEvent).map((job) => {
    if (job.key === number) return { kind: job.kind, key: null, event: index, dueAt: job.dueAt };
    if (job.key.includes(number)) throw new Error(`due work (${job.kind}) has an event's number inside its key`);
    return job;
  });
}
