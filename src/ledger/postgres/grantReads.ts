import { CANARY_ID } from '../../domain/canary.ts';
import type { Clock } from '../../ports/host.ts';
import type { Store } from '../../ports/store.ts';
import { liveOnly, toGrant } from '../book/stateRows.ts';
import { and, asc, desc, eq, gt, isNull, ne, or } from './drizzle.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { heldBy, isLiveRow } from './rows.ts';
import { grants, requests } from './schema.ts';

type GrantReads = Pick<
  Store,
  'grant' | 'liveGrantOf' | 'liveGrants' | 'recentGrants' | 'liveWithoutPlace' | 'peopleAt'
>;
type LiveReads = Pick<Store, 'livePlaces' | 'liveResources' | 'livePeople' | 'liveForIncident'>;

const ROW = { version: grants.version, body: grants.body };

/** Grants, read one by one or by person. */
export function grantReads(ledger: PostgresLedger, clock: Pick<Clock, 'now'>): GrantReads {
  const { db, remembered } = ledger;
  const read = readingFrom(ledger);
  return {
    grant: (id) =>
      remembered.orMemory(
        () => read(async () => toGrant((await db.select(ROW).from(grants).where(eq(grants.id, id)))[0])),
        () => {
          const row = remembered.grant(id, clock.now());
          return row && toGrant(row);
        },
      ),
    liveGrantOf: (human, role) =>
      read(async () => {
        const isTheirs = and(heldBy(human), eq(grants.role, role), isLiveRow());
        return liveOnly(
          toGrant((await db.select(ROW).from(grants).where(isTheirs).orderBy(asc(grants.n)).limit(1))[0]),
        );
      }),
    liveGrants: ({ slackId, resourceId }) =>
      read(async () => {
        const isTheirs = slackId ? eq(grants.person, slackId) : undefined;
        const isOn = resourceId ? eq(grants.resource, resourceId) : undefined;
        const rows = await db
          .select(ROW)
          .from(grants)
          .where(and(isLiveRow(), isTheirs, isOn))
          .orderBy(asc(grants.n));
        return rows.flatMap((row) => liveOnly(toGrant(row)) ?? []);
      }),
    recentGrants: (slackId, limit) =>
      read(async () => {
        const theirs = db.select(ROW).from(grants).where(eq(grants.person, slackId));
        return (await theirs.orderBy(desc(grants.n)).limit(limit)).flatMap((row) => toGrant(row)?.value ?? []);
      }),
    liveWithoutPlace: (after, limit) =>
      read(async () => {
        const isLacking = and(isLiveRow(), isNull(grants.place), gt(grants.id, after));
        const rows = await db.select(ROW).from(grants).where(isLacking).orderBy(asc(grants.id)).limit(limit);
        return rows.flatMap((row) => liveOnly(toGrant(row)) ?? []);
      }),
    peopleAt: (resourceId) =>
      read(() =>
        db
          .selectDistinct({ slackId: grants.person, mailbox: grants.mailbox })
          .from(grants)
          .where(eq(grants.resource, resourceId)),
      ),
  };
}

/** What is live, and whose and where. */
export function liveReads(ledger: PostgresLedger): LiveReads {
  const { db } = ledger;
  const read = readingFrom(ledger);
  return {
    livePlaces: () =>
      read(() =>
        db.selectDistinct({ place: grants.place, resourceId: grants.resource }).from(grants).where(isLiveRow()),
      ),
    liveResources: () =>
      read(async () =>
        (await db.selectDistinct({ id: grants.resource }).from(grants).where(isLiveRow())).map(({ id }) => id),
      ),
    livePeople: (after, limit) =>
      read(async () => {
        const isLater = and(isLiveRow(), gt(grants.person, after), ne(grants.person, CANARY_ID));
        const rows = db.selectDistinct({ id: grants.person }).from(grants).where(isLater);
        return (await rows.orderBy(asc(grants.person)).limit(limit)).map(({ id }) => id);
      }),
    liveForIncident: (incidentId) =>
      read(async () => {
        // A tie of the grant counts before what its request named.
        const isFor = or(
          eq(grants.incident, incidentId),
          and(isNull(grants.incident), eq(requests.incident, incidentId)),
        );
        const rows = await db
          .select({ id: grants.id })
          .from(grants)
          .innerJoin(requests, eq(requests.id, grants.requestId))
          .where(and(isLiveRow(), isFor))
          .orderBy(asc(grants.n));
        return rows.map(({ id }) => id);
      }),
  };
}
