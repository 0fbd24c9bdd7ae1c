import type { Request } from '../../domain/request.ts';
import type { RoleKey } from '../../domain/terms.ts';
import type { Store } from '../../ports/store.ts';
import { type StoredRow, toRequest } from '../book/stateRows.ts';
import { and, asc, desc, eq, inArray, isNotNull, sql } from './drizzle.ts';
import { readingAt } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { REQUESTED_BY, type Whose, whose } from './rows.ts';
import { requests } from './schema.ts';

type RequestReads = Pick<
  Store,
  | 'request'
  | 'requestBySubmission'
  | 'pendingRequestOf'
  | 'openRequests'
  | 'bundle'
  | 'extensionsOf'
  | 'recentRequests'
  | 'accountsOf'
  | 'unreviewedUses'
>;

export function requestReads(ledger: OpenLedger): RequestReads {
  const { db, path } = ledger;
  const read = readingAt(path);
  const { byId, bySubmission, ofBundle, extending, newest, pendingOf, unreviewedOf, accountsWith } = statements(ledger);
  return {
    request: (id) => read(() => toRequest(byId.get({ id }))),
    requestBySubmission: (key) => read(() => toRequest(bySubmission.get({ key }))),
    pendingRequestOf: (human, role) => read(() => toRequest(pendingOf.get({ ...whose(human), role }))),
    openRequests: ({ slackId }) =>
      read(() => {
        const isOpen = inArray(requests.state, ['pending', 'scheduled']);
        const isTheirs = slackId ? eq(requests.requester, slackId) : undefined;
        const rows = db.select().from(requests).where(and(isOpen, isTheirs)).all();
        return rows.flatMap((row) => toRequest(row) ?? []);
      }),
    bundle: (id) => read(() => valuesOf(ofBundle.all({ bundle: id }))),
    extensionsOf: ({ id, requestId, person }) =>
      read(() => valuesOf(extending.all({ id, requestId, requester: person.slackId }))),
    recentRequests: (slackId, limit) => read(() => valuesOf(newest.all({ requester: slackId, limit }))),
    accountsOf: (human) =>
      read(() => [...new Set([...human.accounts, ...accountsWith.all(JSON.stringify(human.mailboxes))])]),
    unreviewedUses: (human) =>
      read(() => {
        const rows = human
          ? unreviewedOf.all(whose(human))
          : db.select().from(requests).where(isNotNull(requests.reviewDue)).all();
        return valuesOf(rows).filter((request) => request.state === 'approved');
      }),
  };
}

const valuesOf = (rows: readonly StoredRow[]): Request[] => rows.flatMap((row) => toRequest(row)?.value ?? []);

function statements({ db, sqlite }: OpenLedger) {
  const p = sql.placeholder;
  return {
    byId: db
      .select()
      .from(requests)
      .where(eq(requests.id, p('id')))
      .prepare(),
    bySubmission: db
      .select()
      .from(requests)
      .where(eq(requests.submissionKey, p('key')))
      .prepare(),
    ofBundle: db
      .select()
      .from(requests)
      .where(eq(requests.bundle, p('bundle')))
      .orderBy(asc(sql`rowid`))
      .prepare(),
    // Only the person's later requests: the index by requester finds them, and few are read.
    extending: sqlite.prepare<{ id: string; requestId: string; requester: string }, StoredRow>(
      `SELECT version, body FROM requests
       WHERE requester = @requester AND rowid > (SELECT rowid FROM requests WHERE id = @requestId)
         AND json_extract(body, '$.extends') = @id
       ORDER BY rowid`,
    ),
    newest: db
      .select()
      .from(requests)
      .where(eq(requests.requester, p('requester')))
      .orderBy(desc(sql`rowid`))
      .limit(p('limit'))
      .prepare(),
    pendingOf: sqlite.prepare<Whose & { role: RoleKey }, StoredRow>(
      `SELECT version, body FROM requests WHERE ${REQUESTED_BY} AND role = @role AND state = 'pending' LIMIT 1`,
    ),
    unreviewedOf: sqlite.prepare<Whose, StoredRow>(
      `SELECT version, body FROM requests WHERE ${REQUESTED_BY} AND review_due IS NOT NULL`,
    ),
    accountsWith: sqlite
      .prepare<[string], string>(
        'SELECT DISTINCT requester FROM requests WHERE mailbox IN (SELECT value FROM json_each(?))',
      )
      .pluck(),
  };
}
