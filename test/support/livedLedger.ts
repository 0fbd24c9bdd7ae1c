/** A team's ledger after a while: much of it is over, some is live, some waits, and not all of it has been told yet. */

import type { LedgerEvent } from '../../src/domain/events.ts';
import { isRefused, type Refused } from '../../src/domain/refusal.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { createIdBook } from '../../src/ledger/sqlite/idBook.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createSeatBook } from '../../src/ledger/sqlite/seatBook.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import { breakGlass, reviewUse } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { cancelRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import type { Job, JobKind } from '../../src/ports/jobs.ts';
import { CURSORS, POSTS } from '../../src/ports/keys.ts';
import { messageJobs } from '../../src/slack/outbox/messageJobs.ts';
import { aFlow, aShift, type Flow, type Site } from './flowWorld.ts';

const DAY = 24 * HOUR;
const ANA = 'U0ANA';
const BEN = 'U0BEN';
const CHLOE = 'U0CHLOE';
const DEV = 'U0DEV';
const EVE = 'U0EVE';
const FRED = 'U0FRED';

const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        ends: { with_shift: 15m }
        rules:
          - allow: { on_call: { level: { max: 1 } } }
          - ask: { reviewers: [${CHLOE}, ${DEV}], expires: 12h }
      write:
        grants: {}
        duration: { max: 4h }
        break_glass: { members_of: [${BEN}], max: 1h, review_within: 48h, reviewers: [${DEV}] }
        rules: [{ ask: { reviewers: [${CHLOE}], expires: 12h } }]
      admin:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { reviewers: [${CHLOE}], expires: 12h } }]
      spare:
        grants: {}
        duration: { max: 1h }
        rules: [{ allow: { duration: { max: 1h } } }]`;

const PLACES = ['webhook', 'syslog'] as const;
const MESSAGES: readonly JobKind[] = ['audit', 'card', 'notify', 'remind', 'review_cards', 'forward'];

/** A bot on a site of its own, which tells of every event, as the real one does. */
export const aBotOn = (site: Site): Flow =>
  aFlow({
    site,
    slack: `  delegates: [${FRED}]`,
    roles: ROLES,
    followUps: (event: LedgerEvent): Job[] => [
      ...messageJobs(event),
      ...PLACES.map((key) => ({ kind: 'forward', key, dueAt: event.at }) as const),
    ],
    also: ['expire', 'chase_use_review', 'access_review'],
  });

export interface Over {
  /** The last event of what is over. */
  readonly past: number;
  /** The one thing of then that goes on. */
  readonly review: string;
}

export interface Lived extends Over {
  /** A time after that, and before anything later. */
  readonly between: Instant;
  /** By what they are now. */
  readonly open: Readonly<
    Record<'waiting' | 'besideDenied' | 'denied' | 'scheduled' | 'extension' | 'unreviewed', string>
  >;
  readonly live: Readonly<Record<'onShift' | 'reviewed' | 'provisioning' | 'revoking' | 'overdue', string>>;
}

const orThrow = <T extends object>(outcome: T | Refused): T => {
  if (isRefused(outcome)) throw new Error(`refused: ${outcome.refused.code}`);
  return outcome;
};

/** Everything in it is over but an access review, and everybody was told. The bot is stopped when this returns. */
export async function anOldLedger(site: Site): Promise<Over> {
  const flow = aBotOn(site);
  const over = await whatIsOver(flow);
  flow.close();
  return over;
}

/** The same with what came later: all of that is open, or comes after something that is, and nobody was told. */
export async function aLivedLedger(site: Site): Promise<Lived> {
  const flow = aBotOn(site);
  const over = await whatIsOver(flow);
  flow.clock.advance(HOUR);
  const between = flow.clock.now();
  flow.clock.advance(HOUR);
  const present = await whatIsNot(flow);
  await keepBeside(flow);
  flow.close();
  return { ...over, between, ...present };
}

async function whatIsOver(flow: Flow): Promise<Over> {
  const { deps, clock } = flow;
  const review = orThrow(await startAccessReview(deps, { personId: EVE, period: 60 * DAY }));
  const item = review.items.findIndex(({ role }) => role === 'db/spare');
  orThrow(
    await answerAccessReview(deps, { personId: EVE, reviewId: review.id, item, verdict: 'remove', comment: 'unused' }),
  );
  await flow.standsIn(CHLOE, FRED, clock.now() + 30 * DAY);
  flow.shifts.set(ANA, [aShift(clock.now(), { end: clock.now() + 2 * HOUR })]);
  await flow.asks(ANA, 'db/read', HOUR);
  await flow.approves(FRED, await flow.asks(BEN, 'db/write', HOUR));
  await flow.denies(FRED, await flow.asks(DEV, 'db/write', HOUR));
  const unneeded = await flow.asks(DEV, 'db/admin', HOUR);
  orThrow(await cancelRequest(deps, { requestId: unneeded.id, personId: DEV }));
  await flow.asks(DEV, 'db/admin', HOUR);
  const [, slow] = await asksTogether(flow, BEN, ['db/spare', 'db/admin']);
  await flow.approves(FRED, slow);
  await flow.work();
  clock.advance(2 * HOUR);
  await flow.work();
  const used = await breaksGlass(flow);
  await flow.work();
  orThrow(await reviewUse(deps, { requestId: used.id, reviewerId: DEV, justified: true, comment: 'it was down' }));
  clock.advance(DAY);
  await flow.work();
  await keepBeside(flow);
  await tellEverything(flow);
  return { past: flow.events().length, review: review.id };
}

async function whatIsNot(flow: Flow): Promise<Pick<Lived, 'open' | 'live'>> {
  const { clock } = flow;
  const unreviewed = await breaksGlass(flow);
  await flow.work();
  clock.advance(2 * HOUR);
  await flow.work();
  // Over again, but later than something that is not.
  await flow.denies(FRED, await flow.asks(DEV, 'db/write', HOUR));
  await flow.approves(DEV, await flow.asks(CHLOE, 'db/read', HOUR));
  await flow.work();
  clock.advance(10 * MINUTE);
  await flow.approves(CHLOE, await flow.asks(FRED, 'db/read', HOUR));
  await flow.work();
  const [overdue, revoking] = [await flow.held(CHLOE, 'db/read'), await flow.held(FRED, 'db/read')];
  flow.shifts.set(ANA, [aShift(clock.now())]);
  await flow.asks(ANA, 'db/read', 4 * HOUR);
  await flow.approves(CHLOE, await flow.asks(BEN, 'db/read', 3 * HOUR));
  await flow.work();
  flow.outages.add('target');
  clock.advance(50 * MINUTE);
  for (let tries = 0; tries < 6; tries += 1) {
    await flow.work();
    clock.advance(2 * SECOND);
  }
  clock.advance(10 * MINUTE);
  await flow.work();
  const reviewed = await flow.held(BEN, 'db/read');
  const extension = await flow.extends(BEN, reviewed, HOUR);
  const starting = await flow.approves(DEV, await flow.asks(EVE, 'db/read', HOUR));
  await flow.work();
  const waiting = await flow.asks(DEV, 'db/write', HOUR);
  const [denied, besideDenied] = await asksTogether(flow, BEN, ['db/spare', 'db/admin']);
  const scheduled = await flow.approves(
    FRED,
    await flow.asks(ANA, 'db/admin', HOUR, { startsAt: clock.now() + 6 * HOUR }),
  );
  return {
    open: {
      waiting: waiting.id,
      besideDenied: besideDenied.id,
      denied: denied.id,
      scheduled: scheduled.id,
      extension: extension.id,
      unreviewed: unreviewed.id,
    },
    live: {
      onShift: (await flow.held(ANA, 'db/read')).id,
      reviewed: reviewed.id,
      provisioning: 'grantId' in starting ? starting.grantId : '',
      revoking: revoking.id,
      overdue: overdue.id,
    },
  };
}

async function breaksGlass(flow: Flow): Promise<Request> {
  const used = await breakGlass(flow.deps, {
    submissionKey: `glass ${flow.clock.now()}`,
    personId: BEN,
    role: 'db/write',
    duration: HOUR,
    reason: 'everything is down',
    incidentId: null,
    factor: null,
  });
  return orThrow(used);
}

/** The first of the two is denied at once, by a rule that an owner took out. */
async function asksTogether(
  flow: Flow,
  personId: string,
  roles: readonly [string, string],
): Promise<readonly [Request, Request]> {
  const { requests } = await submitRequest(flow.deps, {
    submissionKey: `together ${flow.clock.now()}`,
    personId,
    roles,
    duration: HOUR,
    reason: 'because it is needed',
    incidentId: null,
    startsAt: null,
    factor: null,
  });
  const [first, second] = requests;
  if (!first || !second) throw new Error(`two were asked for, and there are ${requests.length}`);
  return [first, second];
}

/** What the real adapters keep of each request and grant: where messages are, ids at the target, seats. */
async function keepBeside({ ledger }: Flow): Promise<void> {
  const [posts, ids, seats] = [createPostBook(ledger), createIdBook(ledger), createSeatBook(ledger)];
  const requests = ledger.sqlite.prepare<[], { id: string; bundle: string }>('SELECT id, bundle FROM requests').all();
  const grants = ledger.sqlite
    .prepare<[], { id: string; state: string; person: string }>('SELECT id, state, person FROM grants')
    .all();
  const post = (key: string) => posts.keep(key, { channel: 'C0ACCESS', ts: `${key}.1`, digest: 'd' });
  for (const { id, bundle } of requests)
    for (const key of [POSTS.card(bundle), `review:${id}`, `notice:request.submitted:${id}`]) await post(key);
  for (const { id, state, person } of grants) {
    for (const key of [`notice:grant.activated:${id}`, `reminder:${id}:17`]) await post(key);
    await ids.keep(id, `person ${person}`, '17');
    await ids.keep(id, 'database', '4');
    const seat = { grantId: id, account: person, level: 'member', role: 'team/member', before: null };
    if (state !== 'ended') await seats.keep({ ...seat, place: 'team' });
  }
  await post(POSTS.newestAudit);
}

/** Every message so far has arrived, at Slack and wherever events are forwarded to. */
async function tellEverything({ ledger }: Flow): Promise<void> {
  const posts = createPostBook(ledger);
  const newest = ledger.sqlite.prepare<[], number>('SELECT max(seq) FROM events').pluck().get() ?? 0;
  await posts.moveCursor(CURSORS.audit, newest);
  for (const place of PLACES) await posts.moveCursor(CURSORS.forwardTo(place), newest);
  const drop = ledger.sqlite.prepare<[string]>('DELETE FROM jobs WHERE kind = ?');
  for (const kind of MESSAGES) drop.run(kind);
}
