/** Owners confirm or remove who may get what. Their answers are in the ledger; a removal takes effect immediately. */

import {
  type AccessReview,
  itemsOf,
  namedBy,
  ownersOf,
  type Removal,
  type ReviewItem,
} from '../../domain/accessReview.ts';
import type { NewEvent } from '../../domain/events.ts';
import { BOT, named, type Person, personActor } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { isRefused, type Refused, refuse } from '../../domain/refusal.ts';
import { HOUR, type Instant, type Millis } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { RecordChange, Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { areAmong, checkAdmin } from '../people/eligibility.ts';
import { humanBehind } from '../people/humans.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

const DAY: Millis = 24 * HOUR;
export const REVIEW_MIN: Millis = DAY;
export const REVIEW_MAX: Millis = 60 * DAY;
/** How far back the uses of a role are counted. */
const USE_PERIOD: Millis = 90 * DAY;

export function startAccessReview(
  deps: Deps,
  input: { readonly personId: string; readonly period: Millis },
): Promise<AccessReview | Refused> {
  return retryOnConflict(async () => {
    const admin = await checkAdmin(deps, input.personId);
    if (isRefused(admin)) return admin;
    if (!(input.period >= REVIEW_MIN && input.period <= REVIEW_MAX))
      return refuse({ code: 'review_period', min: REVIEW_MIN, max: REVIEW_MAX });
    const open = (await deps.store.records('access_review')).find(({ closedAt }) => closedAt === null);
    if (open) return refuse({ code: 'review_open', id: open.id, dueAt: open.dueAt });
    const now = deps.clock.now();
    const review: AccessReview = {
      id: deps.newId('A'),
      startedBy: named(admin.person),
      startedAt: now,
      dueAt: now + input.period,
      policyHash: deps.policy.hash,
      items: itemsOf(deps.policy, await deps.activity.uses(now - USE_PERIOD)),
      reminded: 0,
      closedAt: null,
    };
    await deps.store.commit({
      records: [{ kind: 'access_review', key: review.id, value: review, version: 0 }],
      events: [
        {
          type: 'access_review.started',
          actor: personActor(admin.person),
          requestId: null,
          grantId: null,
          payload: { review: review.id, dueAt: review.dueAt, items: review.items.length, policyHash: deps.policy.hash },
        },
      ],
      jobs: [
        { kind: 'review_cards', key: review.id, dueAt: now },
        { kind: 'access_review', key: review.id, dueAt: remindAt(review) },
      ],
    });
    return review;
  });
}

const remindAt = ({ startedAt, dueAt }: AccessReview): Instant => startedAt + (dueAt - startedAt) / 2;

export interface AnswerInput {
  readonly personId: string;
  readonly reviewId: string;
  /** Position in the review's list, from 0. */
  readonly item: number;
  readonly verdict: 'keep' | 'remove';
  readonly comment: string;
  /** Keeps an answer that was already given, instead of replacing it. */
  readonly onlyOpen?: boolean;
}

/** Records an owner's answer on one rule. It can be changed until the review closes. */
export function answerAccessReview(deps: Deps, input: AnswerInput): Promise<AccessReview | Refused> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.record('access_review', input.reviewId);
    const review = loaded.value;
    const item = review?.items[input.item];
    if (!review || !item) return refuse({ code: 'unknown_review' });
    if (review.closedAt !== null) return refuse({ code: 'review_closed' });
    if (input.onlyOpen && item.answer !== null) return review;
    const owner = await checkOwner(deps, item.resource, input.personId);
    if (isRefused(owner)) return owner;
    if (input.verdict === 'keep' && (await isOwn(deps, item, owner))) return refuse({ code: 'own_entitlement' });
    const comment = typed(input.comment);
    if (input.verdict === 'remove' && comment === '') return refuse({ code: 'comment_missing' });
    if (item.answer?.verdict === input.verdict && item.answer.by.slackId === input.personId) return review;
    const now = deps.clock.now();
    const answer = { by: named(owner), verdict: input.verdict, comment, at: now };
    const next: AccessReview = {
      ...review,
      items: review.items.map((one, index) => (index === input.item ? { ...one, answer } : one)),
    };
    await deps.store.commit({
      records: [
        { kind: 'access_review', key: review.id, value: next, version: loaded.version },
        await removalChange(deps, review, item, answer),
      ],
      events: [
        {
          type: 'access_review.answered',
          actor: personActor(owner),
          requestId: null,
          grantId: null,
          payload: {
            review: review.id,
            role: item.role,
            entitlement: item.entitlement,
            verdict: input.verdict,
            comment,
          },
        },
      ],
      jobs: [{ kind: 'review_cards', key: review.id, dueAt: now }],
    });
    return next;
  });
}

/** Whether a rule names this human by any of their accounts: then somebody else has to confirm it. */
async function isOwn(deps: Deps, { role: key, entitlement }: ReviewItem, person: Person): Promise<boolean> {
  const role = findRole(deps.policy, key);
  if (!role) return false;
  const { accounts } = await humanBehind(deps, person);
  return namedBy(role, entitlement).some((id) => accounts.includes(id));
}

/** An owner or an administrator: somebody has to be able to answer if the rule names the only owner. */
async function checkOwner(deps: Deps, resourceId: string, personId: string): Promise<Person | Refused> {
  const person = await deps.directory.person(personId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const owners = ownersOf(deps.policy, deps.policy.resources.get(resourceId));
  const standing = await areAmong(deps.directory, owners, [personId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  if (standing.value.has(personId) || !isRefused(await checkAdmin(deps, personId))) return person.value;
  return refuse({ code: 'not_an_owner' });
}

/** A removed rule admits nobody from now on; a kept one does again. */
async function removalChange(
  deps: Deps,
  review: AccessReview,
  { role, entitlement }: ReviewItem,
  { by, verdict, at }: NonNullable<ReviewItem['answer']>,
): Promise<RecordChange> {
  const record: Versioned<readonly Removal[] | null> = await deps.store.record('removals', role);
  const others = (record.value ?? []).filter((removal) => removal.entitlement !== entitlement);
  const value = verdict === 'remove' ? [...others, { entitlement, by, at, review: review.id }] : others;
  return { kind: 'removals', key: role, value, version: record.version };
}

/** Reminds owners half-way, and closes the review when its time is over. @returns when to come back */
export function chaseAccessReview(deps: Deps, reviewId: string): Promise<{ notBefore: Instant } | null> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.record('access_review', reviewId);
    const review = loaded.value;
    if (!review || review.closedAt !== null) return null;
    const now = deps.clock.now();
    const open = review.items.filter(({ answer }) => answer === null).length;
    const isOver = now >= review.dueAt || open === 0;
    if (!isOver && review.reminded > 0) return { notBefore: review.dueAt };
    if (!isOver && now < remindAt(review)) return { notBefore: remindAt(review) };
    const about = { actor: BOT, requestId: null, grantId: null } as const;
    const count = (verdict: 'keep' | 'remove') =>
      review.items.filter((item) => item.answer?.verdict === verdict).length;
    const event: NewEvent = isOver
      ? {
          ...about,
          type: 'access_review.closed',
          payload: { review: review.id, kept: count('keep'), removed: count('remove'), unanswered: open },
        }
      : {
          ...about,
          type: 'access_review.reminded',
          payload: { review: review.id, unanswered: open, dueAt: review.dueAt },
        };
    const next = isOver ? { ...review, closedAt: now } : { ...review, reminded: review.reminded + 1 };
    await deps.store.commit({
      records: [{ kind: 'access_review', key: review.id, value: next, version: loaded.version }],
      events: [event],
      jobs: [{ kind: 'review_cards', key: review.id, dueAt: now }],
    });
    return isOver ? null : { notBefore: review.dueAt };
  });
}
