import type { LedgerEvent } from '../../domain/events.ts';
import { type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { POSTS } from '../../ports/keys.ts';
import type { Post } from '../../ports/posts.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { button, type Message } from '../kit/blocks.ts';
import { LaterError, type Place } from './delivery.ts';
import { noticeKey, reminderKey } from './noticeKeys.ts';
import { type ProjectionDeps, shownOf } from './projectionDeps.ts';
import type { Refresh } from './refreshNotices.ts';
import { roleNameIn, type Shown } from './shown.ts';
import { type News, newsOf } from './toOthers.ts';
import { isStillSo, noticeFor, reminder } from './toRequester.ts';
import { whenSlackAllows } from './whenSlackAllows.ts';

/** Delay before looking again for a card that another job posts, in ms. */
const CARD_WAIT: Millis = SECOND;

/** Sends the messages about an event, to the requester and to others. */
export const noticeProjection = (deps: ProjectionDeps, refresh: Refresh): JobHandler =>
  whenSlackAllows(async (seq, attempt) => {
    const { events, delivery } = deps;
    const event = await events.get(Number(seq));
    if (!event) return;
    // An open window is updated before the message is posted.
    if (event.requestId) await deps.windows.refresh(event.requestId);
    const loaded = event.requestId ? await shownOf(deps, event.requestId) : null;
    const own = loaded && noticeFor(event, loaded);
    if (own) {
      const place = { channel: loaded.request.requester.slackId };
      const bring = isStillSo(event, loaded) ? delivery.sync : delivery.correct;
      await bring(noticeKey(event.type, loaded), place, own, mayBePosted(event, loaded, attempt));
      // Things may have gone on while it was on its way.
      await refresh(loaded.request.id);
    }
    const policy = deps.policy();
    for (const [index, news] of newsOf(event, policy, (key) => roleNameIn(policy, key)).entries()) {
      const place = await placeOf(deps, news);
      await delivery.sync(`news:${seq}:${index}`, place, await withLink(deps, news), attempt > 1 ? event.at : null);
    }
  });

/**
 * Since when the message may have been posted, by an earlier try or for an earlier event with the same message.
 * @returns null if it cannot have been
 */
function mayBePosted({ type, at }: LedgerEvent, { grant }: Shown, attempt: number): Instant | null {
  if (type === 'grant.shortened' && grant) return grant.intendedAt;
  return attempt > 1 ? at : null;
}

async function cardOf({ store, delivery, clock }: ProjectionDeps, requestId: string): Promise<Post> {
  const bundle = (await store.request(requestId))?.value.bundle ?? requestId;
  const post = await delivery.find(POSTS.card(bundle));
  if (!post) throw new LaterError(clock.now() + CARD_WAIT);
  return post;
}

async function placeOf(deps: ProjectionDeps, { to }: News): Promise<Place> {
  switch (to.kind) {
    case 'person':
      return { channel: to.slackId };
    case 'channel':
      return { channel: deps.policy().approvalsChannel };
    case 'thread': {
      const post = await cardOf(deps, to.requestId);
      return { channel: post.channel, threadTs: post.ts };
    }
  }
}

async function withLink(deps: ProjectionDeps, { message, linkTo }: News): Promise<Message> {
  if (linkTo === null) return message;
  const url = await deps.delivery.permalink(await cardOf(deps, linkTo));
  const open = button(BUTTONS.openRequest, 'open_card', linkTo, { url, style: 'primary' });
  return { ...message, blocks: [...message.blocks, { type: 'actions', elements: [open] }] };
}

/** Reminds the holder before the end of a grant, if it still ends then. */
export const reminderProjection = (deps: ProjectionDeps, refresh: Refresh): JobHandler =>
  whenSlackAllows(async (grantId, attempt) => {
    const requestId = (await deps.store.grant(grantId))?.value.requestId;
    const loaded = requestId === undefined ? null : await shownOf(deps, requestId);
    if (!loaded?.grant || loaded.grant.state === 'provisioning') return;
    const { grant } = loaded;
    const place = { channel: grant.person.slackId };
    // No reminder about ended access is posted, but one whose answer was lost is corrected.
    const bring = grant.state === 'active' ? deps.delivery.sync : deps.delivery.correct;
    await bring(reminderKey(grant), place, reminder(loaded), attempt > 1 ? grant.intendedAt : null);
    await refresh(grant.requestId);
  });
