import type { LedgerEvent } from '../domain/events.ts';
import type { Grant } from '../domain/grant.ts';
import { findRole, type Policy } from '../domain/policy.ts';
import type { Request } from '../domain/request.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Clock, EventReader, Job, JobHandler, PostBook, Store, Targets } from '../ports.ts';
import { AUDIT_METADATA, auditMessage } from './audit/lines.ts';
import { slackErrorCode, slackProblem } from './clients.ts';
import { type Delivery, LaterError } from './delivery.ts';
import { activeNotice, type NoticeInput, noticeFor, waitingNotice } from './grants/notices.ts';
import { requestCard, reviewPrompt } from './review/card.ts';

/** Slack's messages, made from what the ledger and the states say. Jobs carry them, so they survive restarts. */

const AUDIT_CURSOR = 'audit-channel';
/** Events read at a time for one audit message. */
const AUDIT_BATCH = 200;
/** Between two messages to the audit channel. */
const AUDIT_PACE: Millis = SECOND;

/** The messages that follow from an event. */
export function messageJobs(event: LedgerEvent): Job[] {
  const jobs: Job[] = [{ kind: 'audit', key: AUDIT_CURSOR, dueAt: event.at }];
  if (event.requestId && event.type !== 'credential.issued')
    jobs.push({ kind: 'card', key: event.requestId, dueAt: event.at });
  if (event.requestId && NEWS.has(event.type)) jobs.push({ kind: 'notify', key: String(event.seq), dueAt: event.at });
  return jobs;
}

/** Events that are news for the requester; see grants/notices.ts. */
const NEWS: ReadonlySet<LedgerEvent['type']> = new Set([
  'request.submitted',
  'request.denied',
  'request.expired',
  'grant.activated',
  'grant.ended',
  'grant.failed',
  'grant.overdue',
]);

export interface ProjectionDeps {
  readonly policy: Policy;
  readonly store: Store;
  readonly targets: Pick<Targets, 'issuesCredentials'>;
  readonly events: EventReader;
  readonly posts: PostBook;
  readonly delivery: Delivery;
  readonly clock: Pick<Clock, 'now'>;
}

export function projections(deps: ProjectionDeps): { card: JobHandler; notify: JobHandler; audit: JobHandler } {
  const { policy, store, targets, events, posts, delivery, clock } = deps;
  let lookedForLostAudit = false;

  async function load(requestId: string): Promise<NoticeInput | null> {
    const request = (await store.request(requestId))?.value;
    if (!request) return null;
    const grant = request.state === 'approved' ? ((await store.grant(request.grantId))?.value ?? null) : null;
    const role = findRole(policy, request.role);
    const resource = role && policy.resources.get(role.resourceId);
    return {
      request,
      grant,
      roleName: role && resource ? `${resource.name}: ${role.name}` : request.role,
      hasCredential: resource !== undefined && targets.issuesCredentials(resource.id),
    };
  }

  /** Brings every message about a request to how things stand now. */
  const card: JobHandler = whenSlackAllows(async (requestId, attempt) => {
    const loaded = await load(requestId);
    if (!loaded) return;
    const { request, grant } = loaded;
    if (wasAsked(request)) {
      const place = { channel: policy.approvalsChannel };
      const top = await delivery.sync(`card:${requestId}`, place, requestCard(loaded), attempt > 1);
      await delivery.sync(`review:${requestId}`, { ...place, threadTs: top.ts }, reviewPrompt(loaded), attempt > 1);
    }
    await delivery.refresh(noticeKey('request.submitted', loaded), waitingNotice(loaded));
    const active = grant && activeNotice(loaded);
    if (active) await delivery.refresh(noticeKey('grant.activated', loaded), active);
  });

  const notify: JobHandler = whenSlackAllows(async (seq, attempt) => {
    const event = events.get(Number(seq));
    const loaded = event?.requestId ? await load(event.requestId) : null;
    const message = event && loaded && noticeFor(event, loaded);
    if (!event || !message) return;
    const channel = await delivery.directChannel(loaded.request.requester.slackId);
    await delivery.sync(noticeKey(event.type, loaded), { channel }, message, attempt > 1);
  });

  const audit: JobHandler = whenSlackAllows(async (_key, attempt) => {
    const channel = policy.auditChannel;
    // What an earlier life of this process, or an answer that got lost, may have posted already.
    if (attempt > 1 || !lookedForLostAudit) {
      const ledger = events.get(1)?.hash;
      const newest = await delivery.newestMetadata(
        channel,
        AUDIT_METADATA,
        (payload) => payload.ledger === ledger && typeof payload.to === 'number',
      );
      const posted = Number(newest?.to ?? 0);
      if (posted > posts.cursor(AUDIT_CURSOR)) posts.moveCursor(AUDIT_CURSOR, posted);
      lookedForLostAudit = true;
    }
    const waiting = events.after(posts.cursor(AUDIT_CURSOR), AUDIT_BATCH);
    const from = waiting[0];
    if (!from) return;
    const { message, last } = auditMessage(waiting);
    const ledger = events.get(1)?.hash ?? '';
    await delivery.post({ channel }, message, {
      event_type: AUDIT_METADATA,
      event_payload: { from: from.seq, to: last.seq, hash: last.hash, ledger },
    });
    posts.moveCursor(AUDIT_CURSOR, last.seq);
    if (events.after(last.seq, 1).length > 0) throw new LaterError(clock.now() + AUDIT_PACE);
  });

  return { card, notify, audit };
}

/** "Later" is a date, not a failure. */
const whenSlackAllows =
  (work: (key: string, attempt: number) => Promise<void>): JobHandler =>
  async (key, attempt) => {
    try {
      await work(key, attempt);
      return null;
    } catch (error) {
      if (error instanceof LaterError) return { notBefore: error.notBefore };
      // The log says what Slack's word means and what to do about it.
      throw slackErrorCode(error) ? new Error(slackProblem(error), { cause: error }) : error;
    }
  };

const wasAsked = (request: Request): boolean =>
  request.state === 'pending' ||
  request.decision.effect === 'ask' ||
  ('reviews' in request && request.reviews.length > 0);

const noticeKey = (type: LedgerEvent['type'], { request, grant }: { request: Request; grant: Grant | null }): string =>
  `notice:${type}:${grant && type.startsWith('grant.') ? grant.id : request.id}`;
