import type { HomeView, KnownBlock } from '@slack/types';
import type { LiveGrant } from '../../domain/grant.ts';
import type { PendingRequest, Request } from '../../domain/request.ts';
import { durationText, type Instant } from '../../domain/terms.ts';
import { button, context, LIMITS, plain, quote, section, time } from '../blocks.ts';
import { grantText } from '../commands/mine.ts';
import { endButton } from '../grants/buttons.ts';
import { ASK_ACTION, CANCEL_ACTION, CREDENTIAL_ACTION, EXTEND_ACTION } from '../grants/notices.ts';
import { REVIEW_ACTIONS } from '../review/card.ts';
import { statusLine } from '../review/status.ts';
import { onCallSentence, proofSentence } from '../sentences.ts';

/** What somebody's Home shows. A function of this and nothing else. */
export interface HomeInput {
  readonly now: Instant;
  readonly timeZone: string;
  /** A word on what they just did. */
  readonly word: string | null;
  readonly held: readonly { grant: LiveGrant; roleName: string; canExtend: boolean; hasCredential: boolean }[];
  readonly asked: readonly { request: Request; roleName: string }[];
  readonly toReview: readonly { request: PendingRequest; roleName: string }[];
  /** mrkdwn lines with the role's key. */
  readonly possible: readonly { key: string; text: string }[];
  /** Why nothing is granted to anybody now; null: it is. */
  readonly nothingBecause: string | null;
}

const ASK_ANYTHING = 'home_ask';
export const HOME_ACTIONS = { ask: ASK_ANYTHING } as const;
/** Of each kind; the rest is a command away. Slack takes 100 blocks. */
const MOST = { held: 10, asked: 5, toReview: 8, possible: 15 };

export function homeView(input: HomeInput): HomeView {
  const { held, asked, toReview, possible, word } = input;
  const blocks: KnownBlock[] = [
    {
      type: 'actions',
      elements: [button('Request access', HOME_ACTIONS.ask, 'ask', { style: 'primary' })],
    },
    ...(word ? [section(word)] : []),
    ...group(
      'What you hold',
      held.slice(0, MOST.held).flatMap((one) => heldBlocks(one, input)),
      'Nothing right now.',
    ),
    ...group(
      'Waiting for you to review',
      toReview.slice(0, MOST.toReview).flatMap(reviewBlocks),
      'Nothing is waiting for you.',
    ),
    ...group('What you asked for', asked.slice(0, MOST.asked).flatMap(askedBlocks), 'Nothing lately.'),
    ...group(
      'What you could ask for now',
      possible.slice(0, MOST.possible).map(({ key, text }) => ({
        ...section(text),
        accessory: button('Ask', ASK_ACTION, key),
      })),
      input.nothingBecause === null
        ? 'Nothing that the policy would let through.'
        : `Nothing now: ${plain(input.nothingBecause)}.`,
    ),
    context(`As of ${time(input.now, input.timeZone)}. It is brought up to date when you open it.`),
  ];
  return { type: 'home', blocks: blocks.slice(0, LIMITS.homeBlocks) };
}

const group = (title: string, blocks: KnownBlock[], none: string): KnownBlock[] => [
  { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
  ...(blocks.length > 0 ? blocks : [context(none)]),
];

function heldBlocks(
  { grant, roleName, canExtend, hasCredential }: HomeInput['held'][number],
  { now }: HomeInput,
): KnownBlock[] {
  const left = grant.state === 'active' ? ` (${durationText(Math.max(0, grant.endsAt - now))} left)` : '';
  const line = section(`:key: *${plain(roleName)}*\n${grantText(grant)}${left}`);
  if (grant.state !== 'active') return [line];
  const elements = [
    ...(hasCredential ? [button('Get credentials', CREDENTIAL_ACTION, grant.id)] : []),
    ...(canExtend ? [button('Extend…', EXTEND_ACTION, grant.id)] : []),
    endButton(grant.id, 'I’m done'),
  ];
  return [line, { type: 'actions', elements }];
}

function reviewBlocks({ request, roleName }: HomeInput['toReview'][number]): KnownBlock[] {
  const proof = proofSentence(request.decision.proof);
  return [
    section(
      `*<@${request.requester.slackId}> asks for ${plain(roleName)}*, ${durationText(request.duration)}, by ${time(request.expiresAt)}.\n${proof ? `They are ${proof}.` : `On call: ${onCallSentence(request.seenOnCall)}.`}`,
    ),
    quote(request.reason),
    {
      type: 'actions',
      elements: [
        button('Approve', REVIEW_ACTIONS.approve, request.id, { style: 'primary' }),
        button('Deny…', REVIEW_ACTIONS.deny, request.id, { style: 'danger' }),
      ],
    },
  ];
}

function askedBlocks({ request, roleName }: HomeInput['asked'][number]): KnownBlock[] {
  const line = section(`*${plain(roleName)}*, ${time(request.submittedAt)}\n${statusLine(request, null)}`);
  return request.state === 'pending' || request.state === 'scheduled'
    ? [{ ...line, accessory: button('Cancel request', CANCEL_ACTION, request.id) }]
    : [line];
}
