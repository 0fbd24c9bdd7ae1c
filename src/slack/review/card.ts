import type { Button, KnownBlock } from '@slack/types';
import type { Proof } from '../../domain/evaluate.ts';
import type { Incident } from '../../domain/evidence.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Role } from '../../domain/policy.ts';
import type { Request } from '../../domain/request.ts';
import { SIGNAL_NAMES } from '../../domain/signals.ts';
import { durationText } from '../../domain/terms.ts';
import { button, code, context, type Message, plain, quote, section, time } from '../blocks.ts';
import { endButton } from '../grants/buttons.ts';
import { approvalsText, missedRules, onCallSentence, proofSentence, riskText } from '../sentences.ts';
import { statusLine } from './status.ts';
import { useReviewPrompt } from './useReview.ts';

export const REVIEW_ACTIONS = { approve: 'review_approve', change: 'review_change', deny: 'review_deny' } as const;

/** One request, with what it takes to show it. */
export interface CardInput {
  readonly request: Request;
  readonly grant: Grant | null;
  readonly roleName: string;
  /** null: the policy no longer has it. */
  readonly role: Role | null;
}

/** Access that the requester had before, newest first. */
export type Lately = readonly Grant[];

/** The card in the approvals channel: what it takes to decide, and how it stands now. One for a whole bundle. */
export function requestCard(items: readonly CardInput[], lately: Lately): Message {
  const [first] = items;
  if (!first) throw new Error('a card needs a request');
  const { request } = first;
  const { requester } = request;
  const proof = items
    .map(({ request: { decision } }) => ('proof' in decision ? decision.proof : null))
    .reduce((a, b) => (a?.onCall || a?.incident ? a : b), null);
  const incident = proof?.incident ?? null;
  const what = items.length === 1 ? plain(first.roleName) : `${items.length} roles`;
  const facts = [
    ...(items.length === 1 ? roleFacts(first) : []),
    `*On call*\n${onCallText(items, proof)}`,
    `*Incident*\n${incident ? incidentText(incident) : 'none named'}`,
    `*Held lately*\n${latelyText(lately)}`,
  ];
  const blocks: KnownBlock[] = [
    section(`${headline(first, what)}${items.length === 1 ? `\n${statusLine(request, first.grant)}` : ''}`),
    ...(items.length > 1 ? items.map((item) => section(itemText(item))) : []),
    { type: 'section', fields: facts.map((text) => ({ type: 'mrkdwn', text, verbatim: true })) },
    context('Why, in their words:'),
    quote(request.reason),
  ];
  const signals = signalsIn(items);
  if (signals !== '') blocks.push(section(signals));
  for (const item of items) {
    const missed = missedRules(item.request.decision);
    if (missed.length > 0)
      blocks.push(
        context(
          `${items.length > 1 ? `${code(item.request.role)} not` : 'Not'} approved at once: ${missed.join(' · ')}`,
        ),
      );
  }
  if (incident?.url.startsWith('https://'))
    blocks.push({
      type: 'actions',
      elements: [button('Open the incident', 'open_incident', incident.id, { url: incident.url })],
    });
  blocks.push(
    context(`Request ${items.map((item) => code(item.request.id)).join(' ')} · ${time(request.submittedAt)}`),
  );
  const state = items.length === 1 ? request.state : `${items.length} roles`;
  return { text: `${plain(requester.name)} ${verb(request)} ${what} (${state})`, blocks };
}

/** Three different things: no, where and until when, or why it is not known. */
function onCallText(items: readonly CardInput[], proof: Proof | null): string {
  if (proof?.onCall) return proofSentence({ onCall: proof.onCall, incident: null }) ?? '';
  const seen = items.map(({ request }) => request.seenOnCall).find((one) => one !== null && one !== undefined);
  return onCallSentence(seen ?? items[0]?.request.seenOnCall);
}

/** What is unusual, each with its facts; a bundle says what is true of all of it once. */
const signalsIn = (items: readonly CardInput[]): string =>
  [
    ...new Set(
      items.flatMap(({ request }) =>
        request.signals.map(({ kind, facts }) => `:mag: *${capitalized(SIGNAL_NAMES[kind])}*: ${plain(facts)}`),
      ),
    ),
  ].join('\n');

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const verb = (request: Request): string => {
  if (request.decision.effect === 'break_glass') return 'broke the glass for';
  return request.extends === null ? 'asks for' : 'asks for more time on';
};

const headline = ({ request }: CardInput, what: string): string =>
  request.decision.effect === 'break_glass'
    ? `:rotating_light: <!here> *Break-glass: <@${request.requester.slackId}> took ${what}*`
    : `*<@${request.requester.slackId}> ${verb(request)} ${what}*`;

const roleFacts = ({ request, roleName, role }: CardInput): string[] => [
  `*What*\n${plain(roleName)} (${code(request.role)})${insteadOf(request)}`,
  `*How long*\n${howLong(request)}`,
  `*Risk*\n${role ? riskText(role.risk) : 'not in the policy any more'}`,
];

const insteadOf = ({ askedFor }: Request): string =>
  askedFor ? `\ninstead of ${code(askedFor.role)} for ${durationText(askedFor.duration)}` : '';

const itemText = (item: CardInput): string =>
  `*${plain(item.roleName)}* (${code(item.request.role)}) for ${howLong(item.request)}${insteadOf(item.request)}${item.role ? `, risk ${riskText(item.role.risk)}` : ''}\n${statusLine(item.request, item.grant)}`;

function howLong({ duration, startsAt, extends: extended }: Request): string {
  if (extended !== null) return `${durationText(duration)} more`;
  return startsAt === null ? durationText(duration) : `${durationText(duration)}, from ${time(startsAt)}`;
}

const incidentText = (incident: Incident): string =>
  `#${incident.number} ${plain(incident.title)} (${[incident.priority && plain(incident.priority), incident.status, `${incident.urgency} urgency`].filter(Boolean).join(', ')})`;

const latelyText = (lately: Lately): string =>
  lately
    .map((grant) =>
      grant.state === 'ended' || grant.state === 'failed'
        ? `${code(grant.role)}, ${grant.state} ${time(grant.endedAt)}`
        : `${code(grant.role)}, until ${time(grant.endsAt)}`,
    )
    .join('\n') || 'nothing';

/** The message in the card's thread: the buttons while there is something to decide, the outcome afterwards. */
export function reviewPrompt(input: CardInput): Message {
  const { request, grant, roleName } = input;
  if (request.state === 'approved' && request.useReview) return useReviewPrompt(input, request.useReview);
  if (request.state === 'pending') return pendingPrompt(input, request);
  const blocks: KnownBlock[] = [section(`*${plain(roleName)}*: ${statusLine(request, grant)}`)];
  const last = request.state === 'denied' ? request.reviews.at(-1) : undefined;
  if (last) blocks.push(quote(last.comment));
  const comments = request.state === 'approved' ? request.reviews.filter((review) => review.comment !== '') : [];
  for (const review of comments) blocks.push(context(`<@${review.by.slackId}> said:`), quote(review.comment));
  if (grant?.state === 'active') blocks.push({ type: 'actions', elements: [endButton(grant.id)] });
  return { text: `${plain(request.requester.name)}, ${plain(roleName)}: ${request.state}`, blocks };
}

function pendingPrompt({ roleName, role }: CardInput, request: Request & { state: 'pending' }): Message {
  const { decision, reviews, escalations } = request;
  const approved = reviews.map(
    ({ by, onBehalfOf }) => `<@${by.slackId}>${onBehalfOf === null ? '' : ` for <@${onBehalfOf}>`}`,
  );
  const lines = [
    `*${plain(roleName)}* needs ${approvalsText(decision.stages)}, by ${time(request.expiresAt)}.`,
    ...(approved.length > 0 ? [`:white_check_mark: Approved by ${approved.join(', ')} so far.`] : []),
    ...escalations
      .filter(({ to }) => to.length > 0)
      .map(({ to }) => `Also asked: ${to.map((id) => `<@${id}>`).join(', ')}.`),
  ];
  const canGiveLess = role !== null && (role.narrower.length > 0 || request.duration > 15 * 60_000);
  const elements: Button[] = [
    button('Approve', REVIEW_ACTIONS.approve, request.id, { style: 'primary' }),
    ...(canGiveLess && request.extends === null ? [button('Approve less…', REVIEW_ACTIONS.change, request.id)] : []),
    button('Deny…', REVIEW_ACTIONS.deny, request.id, { style: 'danger' }),
  ];
  return {
    text: `Approve or deny: ${plain(request.requester.name)} ${verb(request)} ${request.role}`,
    blocks: [
      section(lines.join('\n')),
      context(
        `You are asked because ${decision.rule === null ? 'Open Policy Agent' : `rule ${decision.rule} of ${code(request.askedFor?.role ?? request.role)}`} names you as its reviewers.`,
      ),
      { type: 'actions', elements },
    ],
  };
}
