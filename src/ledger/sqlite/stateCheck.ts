import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { inSteps, type Steps } from '../../concurrency/steps.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import type { Job } from '../../ports/jobs.ts';
import type { StateCheck } from '../../ports/state.ts';
import { parsedAs } from '../book/jsonIn.ts';
import { grantCheck } from './grantCheck.ts';
import type { OpenLedger } from './open.ts';
import { startOf } from './origin.ts';
import { IS_LIVE } from './rows.ts';
import { type SaidBook, saidBook } from './saidBook.ts';

/** Events and grants per step. */
const WINDOW = 1_000;
const ROWS = 100;

/** Compares the bot's tables with the events that were committed with them. */
export function createStateCheck(
  { sqlite, gate }: Pick<OpenLedger, 'sqlite' | 'gate'>,
  clock: Pick<Clock, 'now'>,
): StateCheck {
  const said = saidBook(sqlite);
  const lookAt = grantCheck(sqlite, { said, clock });
  const look = (grantId: string) => {
    while (said.readOn(WINDOW));
    return lookAt(grantId);
  };
  const realign = sqlite.prepare<[string, string, string, string, string]>(
    'UPDATE grants SET person = ?, role = ?, resource = ?, request_id = ? WHERE id = ?',
  );
  const liveAfter = sqlite.prepare<[number, number], { rowid: number; id: string }>(
    `SELECT rowid, id FROM grants WHERE rowid > ? AND ${IS_LIVE} ORDER BY rowid LIMIT ?`,
  );

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
    suspects: () => inSteps(search()),
    look: async (grantId) => look(grantId),
    realign: ({ id, person, role, resourceId, requestId }) =>
      gate.enqueue(() => void realign.run(person.slackId, role, resourceId, requestId, id)),
    freezeEvent: async () => said.freeze(),
    removals: async () => said.removals(),
    strayStandIns: async () => strayStandIns(sqlite, said),
    dropUnreadable: () => gate.enqueue(() => dropUnreadable(sqlite)),
    idleRequests: async (now) => idleRequests(sqlite, now),
    close: async () => undefined,
  };
}

/** Stand-ins that no event names. */
function strayStandIns(sqlite: Database, said: Pick<SaidBook, 'delegation'>): string[] {
  const isDelegated = (key: string, body: string): boolean => {
    const event = said.delegation(key);
    const delegation = parsedAs(delegationSchema, body);
    if (!delegation || delegation.from.slackId !== key) return false;
    if (event === undefined) return startOf(sqlite).seq > 0;
    return event !== null && event.to === delegation.to.slackId && event.until === delegation.until;
  };
  return sqlite
    .prepare<[], { key: string; body: string }>(
      "SELECT key, body FROM records WHERE kind = 'delegation' AND body <> 'null'",
    )
    .all()
    .flatMap(({ key, body }) => (isDelegated(key, body) ? [] : [key]));
}

const delegationSchema = z.looseObject({
  from: z.looseObject({ slackId: z.string() }),
  to: z.looseObject({ slackId: z.string() }),
  until: z.number(),
});

/** Small states whose body is no JSON of their kind. */
export const unreadableRecords = (sqlite: Database) =>
  sqlite
    .prepare<[], { kind: string; key: string; body: string }>(
      `SELECT kind, key, body FROM records WHERE CASE WHEN json_valid(body)
         THEN json_type(body) NOT IN ('null', CASE WHEN kind IN ('removals', 'drift') THEN 'array' ELSE 'object' END)
         ELSE 1 END`,
    )
    .all();

/** @returns the small states that were unreadable, and are deleted now */
function dropUnreadable(sqlite: Database): string[] {
  const found = unreadableRecords(sqlite);
  const makeNothing = sqlite.prepare<[string, string]>("UPDATE records SET body = 'null' WHERE kind = ? AND key = ?");
  for (const { kind, key } of found) makeNothing.run(kind, key);
  return found.map(({ kind, key }) => `${kind} ${key}`);
}

/** Open requests without the due work that would decide or start them. */
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
