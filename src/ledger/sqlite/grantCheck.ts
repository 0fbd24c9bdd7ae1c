/** Compares a grant's row and its due work with the events that were committed with them. */

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { type Grant, isLive, isRevoking, isWatched, LIVE_STATES, type LiveGrant } from '../../domain/grant.ts';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import type { Job } from '../../ports/jobs.ts';
import type { StateFinding } from '../../ports/state.ts';
import { canonical } from '../book/canonical.ts';
import { parsedAs } from '../book/jsonIn.ts';
import type { SaidBook } from './saidBook.ts';

/** Longest pause before a failed revocation is retried. */
const RETRY_WITHIN: Millis = 5 * MINUTE;

/** The part of a grant's body that decides whether it is usable. */
const bodySchema = z.looseObject({
  id: z.string(),
  requestId: z.string(),
  person: z.looseObject({ slackId: z.string(), email: z.string() }),
  resourceId: z.string(),
  role: z.string(),
  state: z.enum(['provisioning', 'active', 'revoking', 'overdue', 'ended', 'failed']),
  endsAt: z.number(),
  ties: z.looseObject({}),
});

interface Row {
  readonly version: number;
  readonly state: string;
  readonly requestId: string;
  readonly person: string;
  readonly role: string;
  readonly resource: string;
  readonly body: string;
}

type SaidGrant = NonNullable<ReturnType<SaidBook['grant']>>;

/** @returns a function that checks one grant by its id, and returns its problem or null */
export function grantCheck(
  sqlite: Database,
  { said, clock }: { readonly said: Pick<SaidBook, 'grant'>; readonly clock: Pick<Clock, 'now'> },
): (id: string) => StateFinding | null {
  const readRow = sqlite.prepare<[string], Row>(
    'SELECT version, state, request_id AS requestId, person, role, resource, body FROM grants WHERE id = ?',
  );
  const eventsOf = sqlite.prepare<[string], number>('SELECT seq FROM events WHERE request_id = ? ORDER BY seq').pluck();
  const intentOf = sqlite
    .prepare<[string, string], string>(
      "SELECT payload FROM events WHERE request_id = ? AND grant_id = ? AND type = 'grant.provisioning'",
    )
    .pluck();
  const dueAt = sqlite.prepare<[string, string], number>('SELECT due_at FROM jobs WHERE kind = ? AND key = ?').pluck();

  return (id) => {
    const event = said.grant(id);
    const row = readRow.get(id);
    if (!event && !row) return null;
    const grant = row ? grantIn(row) : null;
    const problem =
      rowProblem(event ?? null, row ?? null, grant) ?? (event && row && grant && differing(id, row, grant, event));
    if (typeof problem === 'string')
      return {
        kind: 'bent',
        problem,
        row: grant,
        version: row?.version ?? null,
        events: eventsOf.all(event?.requestId ?? row?.requestId ?? ''),
      };
    return event && grant && isLive(grant) ? undue(grant) : null;
  };

  function differing(id: string, row: Row, grant: Grant, event: SaidGrant): string | null {
    return (
      standingProblem(row, grant, event) ??
      subjectProblem({ id, row, grant, event }, intentOf.get(event.requestId ?? grant.requestId, id))
    );
  }

  function undue(grant: LiveGrant): StateFinding | null {
    const now = clock.now();
    const jobs: Job[] = [];
    const end = isRevoking(grant) ? now : grant.endsAt;
    const due = dueAt.get('end', grant.id);
    if (due === undefined || due > Math.max(end, now + RETRY_WITHIN))
      jobs.push({ kind: 'end', key: grant.id, dueAt: end });
    if (grant.state === 'active' && isWatched(grant.ties) && dueAt.get('watch', grant.id) === undefined)
      jobs.push({ kind: 'watch', key: grant.id, dueAt: now });
    return jobs.length > 0 ? { kind: 'not_due', grant, jobs } : null;
  }
}

/** Compares whether row and events agree that the grant is live. */
function rowProblem(event: SaidGrant | null, row: Row | null, grant: Grant | null): string | null {
  if (!event) {
    const isFinal = !row || (!LIVE_STATES.some((state) => state === row.state) && (!grant || !isLive(grant)));
    return isFinal ? null : 'its row says that it is live, and no event does';
  }
  if (!row) return 'events say that it is live, and its row is gone';
  return grant ? null : 'its row cannot be read';
}

/** Compares its state and its end. */
function standingProblem(row: Row, grant: Grant, event: SaidGrant): string | null {
  if (!isLive(grant) || grant.state !== row.state)
    return `events say that it is live, and its row says ${grant.state === row.state ? row.state : `both ${row.state} and ${grant.state}`}`;
  const isOngoing = !isRevoking(grant);
  if (event.isEnding && isOngoing) return `events say that it is being taken back, and its row says ${grant.state}`;
  if (isOngoing && event.endsAt !== null && grant.endsAt > event.endsAt)
    return `events say that it ends ${iso(event.endsAt)}, and its row says ${iso(grant.endsAt)}`;
  return null;
}

/** Compares its person and its role. */
function subjectProblem(
  {
    id,
    row,
    grant,
    event,
  }: { readonly id: string; readonly row: Row; readonly grant: Grant; readonly event: SaidGrant },
  intentText: string | undefined,
): string | null {
  const { person, role, resourceId, requestId } = grant;
  const columns = [grant.id, requestId, person.slackId, role, resourceId].join('\n');
  if (columns !== [id, row.requestId, row.person, row.role, row.resource].join('\n'))
    return 'its row says two things about whose it is, or of what';
  const intent = parsedAs(intentSchema, intentText);
  if (event.requestId !== null && event.requestId !== requestId) return 'its row names another request';
  if (intent && (intent.role !== role || !isSame(intent.person, person.slackId)))
    return 'its row says that it is somebody else’s, or of something else';
  if (intent?.gives && !isSameGift(intent.gives, { place: grant.place, grants: grant.grants }))
    return 'its row says that it gave something else, or somewhere else';
  return null;
}

const iso = (at: Instant): string => new Date(at).toISOString();

/** Earlier versions wrote only a person's name, which cannot be compared. */
const intentSchema = z.looseObject({
  role: z.string(),
  person: z.union([z.looseObject({ slackId: z.string() }), z.string()]),
  gives: z.object({ place: z.string().nullable(), grants: z.unknown() }).optional(),
});

const isSameGift = (a: object, b: object): boolean => canonical(a) === canonical(b);
const isSame = (person: z.infer<typeof intentSchema>['person'], slackId: string): boolean =>
  typeof person === 'string' || person.slackId === '' || person.slackId === slackId;

/** @returns null if the body is unusable, which no body written by writes.ts is */
const grantIn = (row: Row): Grant | null => parsedAs(bodySchema, row.body) as Grant | null;
