import type { Button, KnownBlock } from '@slack/types';
import type { Proof } from '../../domain/decision.ts';
import type { Grant } from '../../domain/grant.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { CARD, FACTS } from '../../wording/cards.ts';
import { onCallSentence, proofSentence } from '../../wording/decisions.ts';
import { joined, type Sentence, say } from '../../wording/pieces.ts';
import { stateLabel } from '../../wording/toRequester.ts';
import { button, type Message, quote } from '../kit/blocks.ts';
import { endButton } from '../kit/buttons.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import type { CardInput } from './cardInput.ts';
import { useReviewBlocks, useReviewButtons } from './useReview.ts';

export const REVIEW_ACTIONS = { approve: 'review_approve', change: 'review_change', deny: 'review_deny' } as const;

/** Access that the requester had before, newest first. */
export type Lately = readonly { readonly grant: Grant; readonly roleName: string }[];

/**
 * The card in the approvals channel: what a decision needs, the buttons while there is something to decide, and the
 * current state. One for a whole bundle.
 */
export function requestCard(items: readonly CardInput[], lately: Lately): Message {
  const [first] = items;
  if (!first) throw new Error('a card needs a request');
  const { request } = first;
  const isOne = items.length === 1;
  const what = isOne ? first.roleName : CARD.roles(items.length);
  const state = isOne && request.state !== 'pending' ? stateLabel(request.state) : null;
  const incident = proofOf(items)?.incident ?? null;
  const signals = signalsIn(items);
  const facts = factsIn(items, lately);
  const link: Button[] = incident?.url.startsWith('https://')
    ? [button(BUTTONS.openIncident, 'open_incident', incident.id, { url: incident.url })]
    : [];
  const [status = [], decide = []] = isOne ? [statusBlocks(first), actions(...decisions(first), ...link)] : [];
  return {
    text: drawn(CARD.text(request, what, state)),
    blocks: [
      paragraph(CARD.headline(request, what, isOne)),
      quote(request.reason),
      ...status,
      ...(signals.length > 0 ? [paragraph(joined(signals, say`\n`))] : []),
      ...(facts.length > 0 ? [{ type: 'section', fields: facts.map(field) } as const] : []),
      ...(isOne ? notAutomatic(first) : [...actions(...link), ...items.flatMap(itemBlocks)]),
      ...decide,
      smallPrint(CARD.footer(items.map((item) => item.request))),
    ],
  };
}

const field = (sentence: Sentence) => ({ type: 'mrkdwn', text: drawn(sentence), verbatim: true }) as const;

const actions = (...elements: Button[]): KnownBlock[] => (elements.length > 0 ? [{ type: 'actions', elements }] : []);

const proofOf = (items: readonly CardInput[]): Proof | null =>
  items
    .map(({ request: { decision } }) => ('proof' in decision ? decision.proof : null))
    .reduce((a, b) => (a?.onCall || a?.incident ? a : b), null);

/** The facts, each with its heading. Empty ones are left out. */
function factsIn(items: readonly CardInput[], lately: Lately): Sentence[] {
  const [first] = items;
  const incident = proofOf(items)?.incident;
  const onCall = onCallIn(items);
  return [
    ...(first && items.length === 1 ? [FACTS.risk(first.role?.risk ?? null)] : []),
    ...(onCall.length > 0 ? [FACTS.onCall(onCall)] : []),
    ...(incident ? [FACTS.incident(incident)] : []),
    ...(lately.length > 0 ? [FACTS.lately(lately)] : []),
  ];
}

/** Whether the person is on call: no; where and until when; or why it is unknown. Empty if no rule depended on it. */
function onCallIn(items: readonly CardInput[]): Sentence {
  const onCall = proofOf(items)?.onCall;
  if (onCall) return proofSentence({ onCall, incident: null }) ?? [];
  return onCallSentence(
    items.map(({ request }) => request.seenOnCall).find((one) => one !== null && one !== undefined),
  );
}

/** The signals with their facts. In a bundle, equal signals are shown once. */
function signalsIn(items: readonly CardInput[]): Sentence[] {
  const all = items.flatMap(({ request }) => request.signals);
  const isSame = (a: (typeof all)[number], b: (typeof all)[number]) => a.kind === b.kind && a.facts === b.facts;
  return all.filter((one, index) => all.findIndex((other) => isSame(one, other)) === index).map(CARD.signal);
}

const notAutomatic = ({ request }: CardInput): KnownBlock[] => {
  const why = CARD.notAutomatic(request);
  return why.length > 0 ? [smallPrint(why)] : [];
};

/** One request of a bundle. */
const itemBlocks = (item: CardInput): KnownBlock[] => [
  paragraph(CARD.item(item.request, item.roleName, item.role?.risk ?? null)),
  ...statusBlocks(item),
  ...notAutomatic(item),
  ...actions(...decisions(item)),
];

/** The current state, with reviewers' comments. */
function statusBlocks({ request, grant }: CardInput): KnownBlock[] {
  if (request.state === 'pending') return [paragraph(CARD.waiting(request))];
  const status = paragraph(CARD.status(request, grant));
  if (request.state === 'approved' && request.useReview) return [status, ...useReviewBlocks(request.useReview)];
  if (request.state === 'denied') return [status, ...request.reviews.slice(-1).map(({ comment }) => quote(comment))];
  const comments = request.state === 'approved' ? request.reviews.filter(({ comment }) => comment !== '') : [];
  return [status, ...(comments.length > 0 ? [paragraph(joined(comments.map(CARD.comment), say`\n`))] : [])];
}

/** The buttons that are useful now. */
function decisions({ request, grant, role }: CardInput): Button[] {
  const end = grant?.state === 'active' ? [endButton(grant.id)] : [];
  if (request.state === 'approved' && request.useReview && !request.useReview.verdict)
    return [...useReviewButtons(request.id), ...end];
  if (request.state !== 'pending') return end;
  const canGiveLess = role !== null && (role.narrower.length > 0 || request.duration > 15 * 60_000);
  return [
    button(BUTTONS.approve, REVIEW_ACTIONS.approve, request.id, { style: 'primary' }),
    ...(canGiveLess && request.extends === null
      ? [button(BUTTONS.approveLess, REVIEW_ACTIONS.change, request.id)]
      : []),
    button(BUTTONS.deny, REVIEW_ACTIONS.deny, request.id, { style: 'danger' }),
  ];
}

/** For the thread of a card whose buttons an earlier version posted there. */
export const earlierPrompt = ({ request, grant, roleName }: CardInput): Message => ({
  text: drawn(CARD.text(request, roleName, stateLabel(request.state))),
  blocks: [paragraph(say`*${roleName}*: ${CARD.status(request, grant)}`), smallPrint(CARD.seeAbove)],
});
