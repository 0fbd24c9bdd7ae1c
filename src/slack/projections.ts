import type { LedgerEvent } from '../domain/events.ts';
import type { ActiveGrant } from '../domain/grant.ts';
import { findRole, type Policy, principalsOfRole } from '../domain/policy.ts';
import type { Request } from '../domain/request.ts';
import { type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { extensionLeft } from '../lifecycle/extendGrant.ts';
import { type KeyedLock, keyedLock } from '../lifecycle/keyedLock.ts';
import type { Clock, Directory, EventReader, Job, JobHandler, PostBook, Store, Targets } from '../ports.ts';
import { ownerCard, partsOf } from './accessReview/views.ts';
import { AUDIT_CURSOR, AUDIT_POST, type AuditAnchors } from './audit/anchors.ts';
import { AUDIT_METADATA, auditMessage } from './audit/lines.ts';
import { button, type Message } from './blocks.ts';
import { slackErrorCode, slackProblem } from './clients.ts';
import { type Delivery, LaterError, type Place } from './delivery.ts';
import { isForGood } from './gate.ts';
import {
  activeNotice,
  type NoticeInput,
  noticeFor,
  reminder,
  scheduledNotice,
  waitingNotice,
} from './grants/notices.ts';
import { ELSEWHERE, type News, newsOf } from './news.ts';
import { type CardInput, requestCard, reviewPrompt } from './review/card.ts';

/** Slack's messages, made from what the ledger and the states say. Jobs carry them, so they survive restarts. */

/** Events read at a time for one audit message. */
const AUDIT_BATCH = 200;
/** Between two messages to the audit channel. */
const AUDIT_PACE: Millis = SECOND;
/** Earlier grants of the requester on a card. */
const LATELY = 3;
/** How soon to look again for a card that is to be posted by another job. */
const CARD_WAIT: Millis = SECOND;

/** The messages that follow from an event. */
export function messageJobs(event: LedgerEvent): Job[] {
  const jobs: Job[] = [{ kind: 'audit', key: AUDIT_CURSOR, dueAt: event.at }];
  if (event.requestId && event.type !== 'credential.issued')
    jobs.push({ kind: 'card', key: event.requestId, dueAt: event.at });
  if ((event.requestId && NEWS.has(event.type)) || ELSEWHERE.has(event.type))
    jobs.push({ kind: 'notify', key: String(event.seq), dueAt: event.at });
  return jobs;
}

/** Events that are news for the requester; see grants/notices.ts. */
const NEWS: ReadonlySet<LedgerEvent['type']> = new Set([
  'request.submitted',
  'request.approved',
  'request.denied',
  'request.expired',
  'grant.activated',
  'grant.extended',
  'grant.not_extended',
  'grant.shortened',
  'grant.ended',
  'grant.failed',
  'grant.overdue',
]);

export interface ProjectionDeps {
  readonly policy: Policy;
  readonly store: Store;
  readonly targets: Pick<Targets, 'issuesCredentials'>;
  readonly directory: Pick<Directory, 'names'>;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly delivery: Delivery;
  readonly clock: Pick<Clock, 'now'>;
  /** Something changed for somebody: their Home, if they look at it, is brought up to date. */
  readonly refreshHome: (slackId: string) => Promise<void>;
  /** What the audit channel shows already. */
  readonly anchors: AuditAnchors;
}

export type Projections = Record<'card' | 'notify' | 'remind' | 'audit' | 'reviewCards', JobHandler>;

/** What is shown about a request: the card needs its role, the notices what can still be done. */
export type Shown = CardInput & NoticeInput;

/** Loads a request with all that is shown about it. */
export async function loadShown(
  { policy, store, targets }: Pick<ProjectionDeps, 'policy' | 'store' | 'targets'>,
  request: Request,
): Promise<Shown> {
  const grant = request.state === 'approved' ? ((await store.grant(request.grantId))?.value ?? null) : null;
  const role = findRole(policy, request.role) ?? null;
  const resource = role && policy.resources.get(role.resourceId);
  return {
    request,
    grant,
    role,
    roleName: roleNameIn(policy, request.role),
    hasCredential: resource ? targets.issuesCredentials(resource.id) : false,
    canExtend: grant?.state === 'active' && extensionLeft({ policy }, grant) > 0,
  };
}

/** `Payments database: read` */
export function roleNameIn(policy: Policy, key: string): string {
  const role = findRole(policy, key);
  const resource = role && policy.resources.get(role.resourceId);
  return role && resource ? `${resource.name}: ${role.name}` : key;
}

export function projections(deps: ProjectionDeps): Projections {
  const { store, events, posts, delivery, clock } = deps;
  // Requests that were made together share a card: one of their jobs at a time.
  const cardLock: KeyedLock = keyedLock();

  let lookedForLostAudit = false;

  async function load(requestId: string): Promise<Shown | null> {
    const request = (await store.request(requestId))?.value;
    return request ? loadShown(deps, request) : null;
  }

  /** Brings every message about a request to how things stand now. */
  const card: JobHandler = whenSlackAllows(async (requestId, attempt) => {
    const loaded = await load(requestId);
    if (!loaded) return;
    await cardLock(loaded.request.bundle, () =>
      syncCard(loaded.request.bundle, attempt > 1 ? loaded.request.submittedAt : null),
    );
    await refreshNotices(loaded);
    // An extension changes the messages about the request that the grant was made for.
    const { grant } = loaded;
    const original = grant && grant.requestId !== requestId ? await load(grant.requestId) : null;
    if (original) {
      await refreshNotices(original);
      await cardLock(original.request.bundle, () => syncCard(original.request.bundle, null));
    }
    await deps.refreshHome(loaded.request.requester.slackId);
  });

  async function syncCard(bundle: string, postedSince: Instant | null): Promise<void> {
    const items = await Promise.all((await store.bundle(bundle)).map((request) => loadShown(deps, request)));
    const [first] = items;
    if (!first || !items.some(({ request }) => wasAsked(request))) return;
    const held = await store.recentGrants(first.request.requester.slackId, LATELY + items.length);
    const own = new Set(items.flatMap(({ grant }) => grant?.id ?? []));
    const lately = held.filter(({ id }) => !own.has(id)).slice(0, LATELY);
    const place = { channel: deps.policy.approvalsChannel };
    const top = await delivery.sync(`card:${bundle}`, place, requestCard(items, lately), postedSince);
    for (const item of items) {
      if (!wasAsked(item.request)) continue;
      const thread = { ...place, threadTs: top.ts };
      await delivery.sync(`review:${item.request.id}`, thread, reviewPrompt(item), postedSince);
    }
  }

  async function refreshNotices(loaded: Shown): Promise<void> {
    const { grant } = loaded;
    await delivery.refresh(noticeKey('request.submitted', loaded), waitingNotice(loaded));
    await delivery.refresh(noticeKey('request.approved', loaded), scheduledNotice(loaded));
    const active = grant && activeNotice(loaded);
    if (active) await delivery.refresh(noticeKey('grant.activated', loaded), active);
    if (!grant || grant.state === 'active') return;
    await delivery.refresh(reminderKey(grant), reminder(loaded));
    await delivery.refresh(noticeKey('grant.shortened', loaded), reminder(loaded));
  }

  const notify: JobHandler = whenSlackAllows(async (seq, attempt) => {
    const event = events.get(Number(seq));
    if (!event) return;
    const loaded = event.requestId ? await load(event.requestId) : null;
    const own = loaded && noticeFor(event, loaded);
    if (own) {
      const channel = loaded.request.requester.slackId;
      await delivery.sync(noticeKey(event.type, loaded), { channel }, own, attempt > 1 ? event.at : null);
    }
    for (const [index, news] of newsOf(event, deps.policy, (key) => roleNameIn(deps.policy, key)).entries()) {
      const place = await placeOf(news);
      await delivery.sync(`news:${seq}:${index}`, place, await withLink(news), attempt > 1 ? event.at : null);
    }
  });

  async function cardOf(requestId: string): Promise<NonNullable<ReturnType<Delivery['find']>>> {
    const bundle = (await store.request(requestId))?.value.bundle ?? requestId;
    const post = delivery.find(`card:${bundle}`);
    if (!post) throw new LaterError(clock.now() + CARD_WAIT);
    return post;
  }

  async function placeOf({ to }: News): Promise<Place> {
    switch (to.kind) {
      case 'person':
        return { channel: to.slackId };
      case 'channel':
        return { channel: deps.policy.approvalsChannel };
      case 'thread': {
        const post = await cardOf(to.requestId);
        return { channel: post.channel, threadTs: post.ts };
      }
    }
  }

  async function withLink({ message, linkTo }: News): Promise<Message> {
    if (linkTo === null) return message;
    const url = await delivery.permalink(await cardOf(linkTo));
    const open = button('Open the request', 'open_card', linkTo, { url, style: 'primary' });
    return { ...message, blocks: [...message.blocks, { type: 'actions', elements: [open] }] };
  }

  /** Before the end of a grant, if it still ends then. */
  const remind: JobHandler = whenSlackAllows(async (grantId, attempt) => {
    const grant = (await store.grant(grantId))?.value;
    if (grant?.state !== 'active') return;
    const loaded = await load(grant.requestId);
    if (!loaded) return;
    const channel = grant.person.slackId;
    await delivery.sync(reminderKey(grant), { channel }, reminder(loaded), attempt > 1 ? grant.intendedAt : null);
  });

  /** The messages to the owners of each resource in an access review. */
  const reviewCards: JobHandler = whenSlackAllows(async (id, attempt) => {
    const review = (await store.record('access_review', id)).value;
    if (!review) return;
    const { policy } = deps;
    const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
    const names = await deps.directory.names([...new Set(roles.flatMap(principalsOfRole))]);
    for (const resource of new Set(review.items.map((item) => item.resource)))
      for (let part = 0; part < partsOf(review, resource); part += 1) {
        const message = ownerCard(review, { policy, names }, resource, part);
        const place = { channel: policy.approvalsChannel };
        await delivery.sync(
          `access-review:${id}:${resource}:${part}`,
          place,
          message,
          attempt > 1 ? review.startedAt : null,
        );
      }
  });

  const audit: JobHandler = whenSlackAllows(async (_key, attempt) => {
    const channel = deps.policy.auditChannel;
    // What an earlier life of this process, or an answer that got lost, may have posted already.
    if (attempt > 1 || !lookedForLostAudit) {
      await deps.anchors.settle();
      lookedForLostAudit = true;
    }
    const waiting = events.after(posts.cursor(AUDIT_CURSOR), AUDIT_BATCH);
    const from = waiting[0];
    if (!from) return;
    const { message, last } = auditMessage(waiting);
    const ledger = events.origin()?.ledger ?? '';
    await delivery.post({ channel }, message, {
      event_type: AUDIT_METADATA,
      event_payload: { from: from.seq, to: last.seq, hash: last.hash, ledger },
    });
    posts.moveCursor(AUDIT_CURSOR, last.seq);
    if (posts.find(AUDIT_POST)?.channel !== channel) posts.keep(AUDIT_POST, { channel, ts: '', digest: last.hash });
    if (events.after(last.seq, 1).length > 0) throw new LaterError(clock.now() + AUDIT_PACE);
  });

  return { card, notify, remind, audit, reviewCards };
}

/** "Later" is a date, not a failure. */
const whenSlackAllows =
  (work: (key: string, attempt: number) => Promise<void>): JobHandler =>
  async (key, attempt) => {
    try {
      await work(key, attempt);
      return null;
    } catch (error) {
      if (error instanceof LaterError) return { notBefore: error.notBefore, waiting: true };
      // Even in plain words, which the log has said: sending it again would not change Slack's mind.
      if (isForGood(slackErrorCode(error))) return null;
      // The log says what Slack's word means and what to do about it.
      throw slackErrorCode(error) ? new Error(slackProblem(error), { cause: error }) : error;
    }
  };

/** Whether other people have anything to do with it. */
const wasAsked = (request: Request): boolean =>
  request.state === 'pending' ||
  request.decision.effect === 'ask' ||
  request.decision.effect === 'break_glass' ||
  ('reviews' in request && request.reviews.length > 0);

const noticeKey = (type: LedgerEvent['type'], { request, grant }: Shown): string =>
  `notice:${type}:${grant && ABOUT_GRANTS.has(type) ? grant.id : request.id}`;

/** A grant has one of each of these; the others can come again, each with its own request. */
const ABOUT_GRANTS: ReadonlySet<LedgerEvent['type']> = new Set([
  'grant.activated',
  'grant.shortened',
  'grant.ended',
  'grant.failed',
  'grant.overdue',
]);

/** Another end is another reminder. */
const reminderKey = (grant: Pick<ActiveGrant, 'id' | 'endsAt'>): string => `reminder:${grant.id}:${grant.endsAt}`;
