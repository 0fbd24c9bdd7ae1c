import type { KnownBlock, ModalView } from '@slack/types';
import { type AccessReview, ownersOf } from '../../domain/accessReview.ts';
import type { Policy, Principal } from '../../domain/policy.ts';
import { durationText, HOUR } from '../../domain/terms.ts';
import { counted, cut } from '../../domain/text.ts';
import { button, code, context, LIMITS, type Message, plain, plainText, section, time } from '../blocks.ts';
import { commentInput } from '../review/modals.ts';
import { mentions } from '../sentences.ts';

/** What owners are asked in an access review: a message for each resource, with two buttons for each rule. */

export const ACCESS_REVIEW = {
  keep: 'access_review_keep',
  remove: 'access_review_remove',
  start: 'access_review_start',
  period: 'access_review_period',
} as const;
export const REMOVE_MODAL = 'access_review_remove_modal';
export const START_MODAL = 'access_review_start_modal';

const DAY = 24 * HOUR;
const PERIODS = [3, 7, 14, 30].map((days) => days * DAY);
/** A rule takes two blocks, and a message holds fifty. */
const MOST_ITEMS = 20;
const TEXT = 600;

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
  const name = plain(known?.name ?? resource);
  const state =
    review.closedAt !== null
      ? `Closed ${time(review.closedAt)}. ${left > 0 ? `:warning: *${left} of ${own.length} never answered.*` : 'All were answered.'}`
      : left > 0
        ? `${mentions(ownersOf(policy, known))}, by ${time(review.dueAt)}: is each of these still right? ${left} of ${own.length} to go.`
        : ':white_check_mark: All answered. An answer can be changed until the review closes.';
  const blocks: KnownBlock[] = [
    section(`:clipboard: *Access review: who may get ${name}?*\n${state}`),
    ...own.flatMap(({ item, index }): KnownBlock[] => {
      const said = item.answer
        ? `${item.answer.verdict === 'keep' ? ':white_check_mark: Kept' : ':no_entry: Removed'} by <@${item.answer.by.slackId}>${item.answer.comment && `: “${plain(cut(item.answer.comment, 200))}”`}`
        : item.uses === 0
          ? 'Nobody had the role in the last 90 days.'
          : `The role was given ${counted(item.uses, 'time')} in the last 90 days, to ${counted(item.people, 'person', 'people')}.`;
      const value = JSON.stringify({ review: review.id, item: index });
      const text = section(`${code(item.role)} ${plain(cut(named(item.entitlement, names), TEXT))}\n${said}`);
      if (review.closedAt !== null) return [text];
      return [
        text,
        {
          type: 'actions',
          elements: [
            button('Keep', ACCESS_REVIEW.keep, value),
            button('Remove…', ACCESS_REVIEW.remove, value, { style: 'danger' }),
          ],
        },
      ];
    }),
    context(
      'Removing counts at once: nobody gets in by that rule any more, until the policy file changes it. What is held now stays.',
    ),
  ];
  return { text: `Access review: who may get ${name}?`, blocks: blocks.slice(0, LIMITS.blocks) };
}

/** Not as mentions: nobody is called because a rule names them. */
const named = (text: string, names: ReadonlyMap<Principal, string>): string =>
  text.replace(/\b[SUW][A-Z0-9]+\b/g, (id) => names.get(id) ?? id);

export const removeModal = (value: string): ModalView => ({
  type: 'modal',
  callback_id: REMOVE_MODAL,
  private_metadata: value,
  title: plainText('Remove this rule', 24),
  submit: plainText('Remove', 24),
  close: plainText('Back', 24),
  blocks: [
    section('From now on nobody gets in by this rule. The policy file still has it: change it there too.'),
    commentInput('Why?', 'It is kept in the ledger, with your name.'),
  ],
});

export function startModal(open: AccessReview | null): ModalView {
  const title = plainText('Access review', 24);
  if (open) {
    const answered = open.items.filter(({ answer }) => answer !== null).length;
    return {
      type: 'modal',
      title,
      close: plainText('Close', 24),
      blocks: [
        section(
          `*Review ${code(open.id)} is open* until ${time(open.dueAt)}: ${answered} of ${counted(open.items.length, 'rule')} answered. Owners answer in the approvals channel.`,
        ),
      ],
    };
  }
  const options = PERIODS.map((ms) => ({ text: plainText(`${ms / DAY} days`), value: String(ms) }));
  return {
    type: 'modal',
    callback_id: START_MODAL,
    title,
    submit: plainText('Start', 24),
    close: plainText('Back', 24),
    blocks: [
      section(
        'The owners of each resource are asked, in the approvals channel, to keep or remove every rule that lets somebody in. Their answers go to the ledger.',
      ),
      {
        type: 'input',
        block_id: ACCESS_REVIEW.period,
        label: plainText('How long do they have?'),
        element: {
          type: 'static_select',
          action_id: ACCESS_REVIEW.period,
          options,
          initial_option: options[2] ?? { text: plainText(durationText(14 * DAY)), value: String(14 * DAY) },
        },
      },
    ],
  };
}
