import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { type Grant, isLive, isRevoking, isWatched, LIVE_STATES, type LiveGrant } from '../domain/grant.ts';
import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import type { StateCheck, StateFinding } from '../ports/state.ts';
import type { Clock, Job } from '../ports.ts';
import { startOf } from './archive.ts';
import { canonical } from './canonical.ts';
import { gently, type Steps } from './gently.ts';
import type { OpenLedger } from './open.ts';
import { type SaidBook, saidBook } from './saidBook.ts';

/** Events, and grants, that are looked at in one go. */
const WINDOW = 1_000;
const ROWS = 100;
/** A revocation that failed is tried again within this time. */
const RETRY_WITHIN: Millis = 5 * MINUTE;

const IS_LIVE = `state IN (${LIVE_STATES.map((state) => `'${state}'`).join(', ')})`;

/** As much of a grant's body as tells whether it can be worked with. */
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

/** Compares the tables that the bot works from with the events that they came with. */
export function createStateCheck(
  { sqlite, gate }: Pick<OpenLedger, 'sqlite' | 'gate'>,
  clock: Pick<Clock, 'now'>,
): StateCheck {
  const said = saidBook(sqlite);
  const readRow = sqlite.prepare<[string], Row>(
    'SELECT version, state, request_id AS requestId, person, role, resource, body FROM grants WHERE id = ?',
  );
  const dueAt = sqlite.prepare<[string, string], number>('SELECT due_at FROM jobs WHERE kind = ? AND key = ?').pluck();
  const eventsOf = sqlite.prepare<[string], number>('SELECT seq FROM events WHERE request_id = ? ORDER BY seq').pluck();
  const intentOf = sqlite
    .prepare<[string, string], string>(
      "SELECT payload FROM events WHERE request_id = ? AND grant_id = ? AND type = 'grant.provisioning'",
    )
    .pluck();
  const realign = sqlite.prepare<[string, string, string, string, string]>(
    'UPDATE grants SET person = ?, role = ?, resource = ?, request_id = ? WHERE id = ?',
  );
  const liveAfter = sqlite.prepare<[number, number], { rowid: number; id: string }>(
    `SELECT rowid, id FROM grants WHERE rowid > ? AND ${IS_LIVE} ORDER BY rowid LIMIT ?`,
  );

  const delegations = sqlite.prepare<[], { key: string; body: string }>(
    "SELECT key, body FROM records WHERE kind = 'delegation' AND body <> 'null'",
  );
  const unreadable = sqlite.prepare<[], { kind: string; key: string }>(
    `SELECT kind, key FROM records WHERE CASE WHEN json_valid(body)
       THEN json_type(body) NOT IN ('null', CASE WHEN kind IN ('removals', 'drift') THEN 'array' ELSE 'object' END)
       ELSE 1 END`,
  );
  const makeNothing = sqlite.prepare<[string, string]>("UPDATE records SET body = 'null' WHERE kind = ? AND key = ?");

  function look(id: string): StateFinding | null {
    while (said.readOn(WINDOW));
    const event = said.grant(id);
    const row = readRow.get(id);
    if (!event && !row) return null;
    const grant = row ? grantIn(row) : null;
    const bent = (problem: string): StateFinding => ({
      kind: 'bent',
      problem,
      row: grant,
      version: row?.version ?? null,
      events: eventsOf.all(event?.requestId ?? row?.requestId ?? ''),
    });
    if (!event) {
      const isFinal = !row || (!LIVE_STATES.some((state) => state === row.state) && (!grant || !isLive(grant)));
      return isFinal ? null : bent('its row says that it is live, and no event does');
    }
    if (!row) return bent('events say that it is live, and its row is gone');
    if (!grant) return bent('its row cannot be read');
    const problem = mismatch(id, row, grant, event);
    if (problem !== null) return bent(problem);
    return isLive(grant) ? undue(grant) : null;
  }

  function mismatch(id: string, row: Row, grant: Grant, event: NonNullable<ReturnType<SaidBook['grant']>>) {
    if (!isLive(grant) || grant.state !== row.state)
      return `events say that it is live, and its row says ${grant.state === row.state ? row.state : `both ${row.state} and ${grant.state}`}`;
    const isOngoing = !isRevoking(grant);
    if (event.isEnding && isOngoing) return `events say that it is being taken back, and its row says ${grant.state}`;
    if (isOngoing && event.endsAt !== null && grant.endsAt > event.endsAt)
      return `events say that it ends ${iso(event.endsAt)}, and its row says ${iso(grant.endsAt)}`;
    const { person, role, resourceId, requestId } = grant;
    const columns = [grant.id, requestId, person.slackId, role, resourceId].join('\n');
    if (columns !== [id, row.requestId, row.person, row.role, row.resource].join('\n'))
      return 'its row says two things about whose it is, or of what';
    const intent = parsed(intentSchema, intentOf.get(event.requestId ?? requestId, id));
    if (event.requestId !== null && event.requestId !== requestId) return 'its row names another request';
    if (intent && (intent.role !== role || !isSame(intent.person, person.slackId)))
      return 'its row says that it is somebody else’s, or of something else';
    if (intent?.gives && !isSameGift(intent.gives, { place: grant.place, grants: grant.grants }))
      return 'its row says that it gave something else, or somewhere else';
    return null;
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

  function isDelegated(key: string, body: string): boolean {
    const event = said.delegation(key);
    const delegation = parsed(delegationSchema, body);
    if (!delegation || delegation.from.slackId !== key) return false;
    if (event === undefined) return startOf(sqlite).seq > 0;
    return event !== null && event.to === delegation.to.slackId && event.until === delegation.until;
  }

  function* search(): Steps<readonly string[]> {
    const found = new Set<string>();
    while (said.readOn(WINDOW)) yield;
    let looked = 0;
    for (const id of said.grants()) {
      if (look(id)) found.add(id);
      looked += 1;
      if (looked % ROWS === 0) yield;
    }
    for (let rows = liveAfter.all(0, ROWS); rows.length > 0; rows = liveAfter.all(rows.at(-1)?.rowid ?? 0, ROWS)) {
      for (const { id } of rows) if (!said.grant(id) && look(id)) found.add(id);
      yield;
    }
    return [...found];
  }

  return {
    suspects: () => gently(search()),
    look,
    realign: ({ id, person, role, resourceId, requestId }) =>
      gate.write(() => void realign.run(person.slackId, role, resourceId, requestId, id)),
    freezeEvent: () => said.freeze(),
    strayStandIns: () => delegations.all().flatMap(({ key, body }) => (isDelegated(key, body) ? [] : [key])),
    removals: () => said.removals(),
    dropUnreadable: () =>
      gate.write(() => {
        const found = unreadable.all();
        for (const { kind, key } of found) makeNothing.run(kind, key);
        return found.map(({ kind, key }) => `${kind} ${key}`);
      }),
    idleRequests: (now) => idleRequests(sqlite, now),
  };
}

const iso = (at: Instant): string => new Date(at).toISOString();

const delegationSchema = z.looseObject({
  from: z.looseObject({ slackId: z.string() }),
  to: z.looseObject({ slackId: z.string() }),
  until: z.number(),
});

/** Earlier versions wrote a person as a name alone: nothing to compare with. */
const intentSchema = z.looseObject({
  role: z.string(),
  person: z.union([z.looseObject({ slackId: z.string() }), z.string()]),
  gives: z.object({ place: z.string().nullable(), grants: z.unknown() }).optional(),
});

const isSameGift = (a: object, b: object): boolean => canonical(a) === canonical(b);
const isSame = (person: z.infer<typeof intentSchema>['person'], slackId: string): boolean =>
  typeof person === 'string' || person.slackId === '' || person.slackId === slackId;

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | null {
  if (text === undefined) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** null: nothing that can be worked with. What commit.ts writes always can be. */
const grantIn = (row: Row): Grant | null => parsed(bodySchema, row.body) as Grant | null;

/** Nobody decides or begins these any more: what should do it is not due work. */
function idleRequests(sqlite: Database, now: Instant): readonly Job[] {
  const idle = (state: string, kind: string) =>
    sqlite
      .prepare<[string, string], string>(
        'SELECT id FROM requests WHERE state = ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = ? AND key = requests.id)',
      )
      .pluck()
      .all(state, kind);
  return [
    ...idle('pending', 'expire').map((key) => ({ kind: 'expire', key, dueAt: now }) as const),
    ...idle('scheduled', 'start').map((key) => ({ kind: 'start', key, dueAt: now }) as const),
  ];
}
