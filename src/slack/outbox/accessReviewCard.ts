import type { KnownBlock } from '@slack/types';
import { type AccessReview, entitlementIn, ownersOf, type ReviewItem } from '../../domain/accessReview.ts';
import { findRole, type Policy } from '../../domain/policy.ts';
import { cut } from '../../domain/text.ts';
import { ACCESS_REVIEW_CARD as CARD } from '../../wording/accessReview.ts';
import { BUTTONS, CONFIRM } from '../../wording/buttons.ts';
import { entitlementText, type Names } from '../../wording/rules.ts';
import { button, LIMITS, type Message } from '../kit/blocks.ts';
import { confirmation } from '../kit/buttons.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { roleNameIn } from './shown.ts';

export const ACCESS_REVIEW = {
  keep: 'access_review_keep',
  keepAll: 'access_review_keep_all',
  remove: 'access_review_remove',
  start: 'access_review_start',
  period: 'access_review_period',
} as const;

/** A rule takes two blocks, and a message can have fifty. */
export const MOST_ITEMS = 20;

export const TEXT = 600;

/** Splits a resource with more rules than one message can show. */
export const partsOf = (review: AccessReview, resource: string): number =>
  Math.ceil(review.items.filter((item) => item.resource === resource).length / MOST_ITEMS);

/** @param names of the people and groups that the rules name by id */
export function ownerCard(
  review: AccessReview,
  { policy, names }: { policy: Policy; names: Names },
  resource: string,
  part: number,
): Message {
  const known = policy.resources.get(resource);
  const own = review.items
    .map((item, index) => ({ item, index }))
    .filter(({ item }) => item.resource === resource)
    .slice(part * MOST_ITEMS, (part + 1) * MOST_ITEMS);
  const open = own.filter(({ item }) => item.answer === null);
  const left = open.length;
  const name = known?.name ?? resource;
  const state =
    review.closedAt !== null
      ? CARD.closed(review.closedAt, left, own.length)
      : left > 0
        ? CARD.open(ownersOf(policy, known), review.dueAt, left, own.length)
        : CARD.done;
  const blocks: KnownBlock[] = [
    paragraph(CARD.head(name, state)),
    ...own.flatMap(({ item, index }): KnownBlock[] => {
      const said = item.answer
        ? CARD.answered(item.answer)
        : item.uses === 0
          ? CARD.unused
          : CARD.used(item.uses, item.people);
      const value = JSON.stringify({ review: review.id, item: index });
      const text = paragraph(CARD.item(roleNameIn(policy, item.role), cut(wordsOf(policy, item, names), TEXT), said));
      if (review.closedAt !== null) return [text];
      return [
        text,
        {
          type: 'actions',
          elements: [
            button(BUTTONS.keep, ACCESS_REVIEW.keep, value),
            button(BUTTONS.remove, ACCESS_REVIEW.remove, value, { style: 'danger' }),
          ],
        },
      ];
    }),
    ...(review.closedAt === null
      ? keepAllBlocks(
          review.id,
          open.map(({ index }) => index),
        )
      : []),
    smallPrint(CARD.note),
  ];
  return { text: drawn(CARD.text(name)), blocks: blocks.slice(0, LIMITS.blocks) };
}

/** The rule in words. If the policy no longer has it, as it was recorded. */
function wordsOf(policy: Policy, { role: key, entitlement }: ReviewItem, names: Names): string {
  const role = findRole(policy, key);
  const found = role ? entitlementIn(role, entitlement) : null;
  return found ? entitlementText(found, names) : entitlement;
}

/** Shown if more than one rule has no answer yet. */
const keepAllBlocks = (review: string, open: readonly number[]): KnownBlock[] =>
  open.length < 2
    ? []
    : [
        {
          type: 'actions',
          elements: [
            button(BUTTONS.keepAll(open.length), ACCESS_REVIEW.keepAll, JSON.stringify({ review, items: open }), {
              confirm: confirmation(CONFIRM.keepAll),
            }),
          ],
        },
      ];
