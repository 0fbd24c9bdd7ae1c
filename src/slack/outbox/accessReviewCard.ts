import type { KnownBlock } from '@slack/types';
import { type AccessReview, ownersOf } from '../../domain/accessReview.ts';
import type { Policy, Principal } from '../../domain/policy.ts';
import { cut } from '../../domain/text.ts';
import { ACCESS_REVIEW_CARD as CARD } from '../../wording/accessReview.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { button, LIMITS, type Message } from '../kit/blocks.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { roleNameIn } from './shown.ts';

export const ACCESS_REVIEW = {
  keep: 'access_review_keep',
  remove: 'access_review_remove',
  start: 'access_review_start',
  period: 'access_review_period',
} as const;

/** A rule takes two blocks, and a message holds fifty. */
export const MOST_ITEMS = 20;

export const TEXT = 600;

/** Parts of a resource, where it has more rules than one message holds. */
export const partsOf = (review: AccessReview, resource: string): number =>
  Math.ceil(review.items.filter((item) => item.resource === resource).length / MOST_ITEMS);

/** @param names what the people and groups are called that its rules name by id */
export function ownerCard(
  review: AccessReview,
  { policy, names }: { policy: Policy; names: ReadonlyMap<Principal, string> },
  resource: string,
  part: number,
): Message {
  const known = policy.resources.get(resource);
  const own = review.items
    .map((item, index) => ({ item, index }))
    .filter(({ item }) => item.resource === resource)
    .slice(part * MOST_ITEMS, (part + 1) * MOST_ITEMS);
  const left = own.filter(({ item }) => item.answer === null).length;
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
      const text = paragraph(CARD.item(roleNameIn(policy, item.role), cut(named(item.entitlement, names), TEXT), said));
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
    smallPrint(CARD.note),
  ];
  return { text: drawn(CARD.text(name)), blocks: blocks.slice(0, LIMITS.blocks) };
}

/** Not as mentions: nobody is called because a rule names them. */
export const named = (text: string, names: ReadonlyMap<Principal, string>): string =>
  text.replace(/\b[SUW][A-Z0-9]+\b/g, (id) => names.get(id) ?? id);
