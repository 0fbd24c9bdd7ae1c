import { CANARY_ID } from '../../domain/canary.ts';
import type { Request } from '../../domain/request.ts';
import type { Store } from '../../ports/store.ts';
import { approvedAlone, deniedByPeople } from '../book/past.ts';
import { type StoredRow, toRequest } from '../book/stateRows.ts';
import { and, asc, desc, eq, gt, gte, inArray, isNotNull, ne, or } from './drizzle.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { isLiveRow, requestedBy } from './rows.ts';
import { grants, requests } from './schema.ts';

type RequestReads = Pick<
  Store,
  'request' | 'requestBySubmission' | 'pendingRequestOf' | 'openRequests' | 'bundle' | 'extensionsOf' | 'recentRequests'
>;
type HumanReads = Pick<Store, 'accountsOf' | 'unreviewedUses' | 'history'>;

const ROW = { version: requests.version, body: requests.body };
const valuesOf = (rows: readonly StoredRow[]): Request[] => rows.flatMap((row) => toRequest(row)?.value ?? []);

export function requestReads(ledger: PostgresLedger): RequestReads {
  const { db } = ledger;
  const read = readingFrom(ledger);
  return {
    request: (id) => read(async () => toRequest((await db.select(ROW).from(requests).where(eq(requests.id, id)))[0])),
    requestBySubmission: (key) =>
      read(async () => toRequest((await db.select(ROW).from(requests).where(eq(requests.submissionKey, key)))[0])),
    pendingRequestOf: (human, role) =>
      read(async () => {
        const isPending = and(requestedBy(human), eq(requests.role, role), eq(requests.state, 'pending'));
        return toRequest((await db.select(ROW).from(requests).where(isPending).orderBy(asc(requests.n)).limit(1))[0]);
      }),
    openRequests: ({ slackId }) =>
      read(async () => {
        const isTheirs = slackId ? eq(requests.requester, slackId) : undefined;
        const isOpen = and(inArray(requests.state, ['pending', 'scheduled']), isTheirs);
        const rows = await db.select(ROW).from(requests).where(isOpen).orderBy(asc(requests.n));
        return rows.flatMap((row) => toRequest(row) ?? []);
      }),
    bundle: (id) =>
      read(async () =>
        valuesOf(await db.select(ROW).from(requests).where(eq(requests.bundle, id)).orderBy(asc(requests.n))),
      ),
    extensionsOf: ({ id, requestId, person }) =>
      read(async () => {
        const first = db.select({ n: requests.n }).from(requests).where(eq(requests.id, requestId));
        const isLater = and(
          eq(requests.requester, person.slackId),
          gt(requests.n, first),
          eq(requests.extendsGrant, id),
        );
        return valuesOf(await db.select(ROW).from(requests).where(isLater).orderBy(asc(requests.n)));
      }),
    recentRequests: (slackId, limit) =>
      read(async () => {
        const theirs = db.select(ROW).from(requests).where(eq(requests.requester, slackId));
        return valuesOf(await theirs.orderBy(desc(requests.n)).limit(limit));
      }),
  };
}

/** What is known of a human by all of their accounts. */
export function humanReads(ledger: PostgresLedger): HumanReads {
  const { db } = ledger;
  const read = readingFrom(ledger);
  return {
    accountsOf: ({ accounts, mailboxes }) =>
      read(async () => {
        const byMailbox = inArray(requests.mailbox, [...mailboxes]);
        const rows = await db.selectDistinct({ requester: requests.requester }).from(requests).where(byMailbox);
        return [...new Set([...accounts, ...rows.map(({ requester }) => requester)])];
      }),
    unreviewedUses: (human) =>
      read(async () => {
        const isDue = and(isNotNull(requests.reviewDue), human ? requestedBy(human) : undefined);
        const rows = await db.select(ROW).from(requests).where(isDue).orderBy(asc(requests.n));
        return valuesOf(rows).filter((request) => request.state === 'approved');
      }),
    history: ({ human, since, resources, exceptRequest }) =>
      read(async () => {
        // Denials by the policy are left out: they may be many.
        const counts = or(
          and(eq(requests.state, 'denied'), eq(requests.isReviewed, true)),
          and(inArray(requests.state, ['approved', 'scheduled']), eq(requests.isReviewed, false)),
        );
        const isPast = and(requestedBy(human), counts, gte(requests.decidedAt, since));
        const rows = await db.select(ROW).from(requests).where(isPast).orderBy(desc(requests.n));
        const past = valuesOf(rows).filter(({ id }) => id !== exceptRequest);
        const holders = await db
          .select({ role: grants.role, slackId: grants.person, email: grants.mailbox })
          .from(grants)
          .where(and(isLiveRow(), inArray(grants.resource, [...resources]), ne(grants.person, CANARY_ID)))
          .orderBy(asc(grants.n));
        return {
          automatic: past.flatMap((request) => approvedAlone(request)),
          denials: past.flatMap((request) => deniedByPeople(request)),
          holders: holders.map(({ role, ...person }) => ({ role, person })),
        };
      }),
  };
}
