import type { HomeView, KnownBlock } from '@slack/types';
import type { LiveGrant } from '../../../domain/grant.ts';
import type { PendingRequest, Request } from '../../../domain/request.ts';
import type { Instant } from '../../../domain/terms.ts';
import { grantSentence } from '../../../wording/admin.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { statusSentence, TO_REVIEW } from '../../../wording/cards.ts';
import { onCallSentence, proofSentence } from '../../../wording/decisions.ts';
import { ENVIRONMENT } from '../../../wording/environment.ts';
import { HOME } from '../../../wording/home.ts';
import { type Sentence, say } from '../../../wording/pieces.ts';
import { button, LIMITS, quote, section } from '../../kit/blocks.ts';
import { ENROL_ACTION } from '../../kit/codeForms.ts';
import { paragraph, smallPrint } from '../../kit/drawn.ts';
import { REVIEW_ACTIONS } from '../../outbox/card.ts';
import { ASK_ACTION, accessButtons, cancelButton } from '../../outbox/toRequester.ts';

/** Everything that Home shows. */
export interface HomeInput {
  readonly now: Instant;
  readonly timeZone: string;
  /** Without it, nothing is shown. */
  readonly environment?: string | undefined;
  /** The result of what the person just did. */
  readonly word: string | null;
  readonly held: readonly { grant: LiveGrant; roleName: string; canExtend: boolean; hasCredential: boolean }[];
  readonly asked: readonly { request: Request; roleName: string }[];
  readonly toReview: readonly { request: PendingRequest; roleName: string }[];
  /** mrkdwn lines with the role's key. */
  /** The shown ones. */
  readonly possible: readonly { key: string; text: string }[];
  readonly possibleCount: number;
  /** Whether there are more requests than shown. */
  readonly hasEarlier: boolean;
  readonly mayBreakGlass: boolean;
  /** Whether a role asks for one-time codes and the person has not set them up. */
  readonly needsCodes: boolean;
  /** Why granting is blocked now, or null. */
  readonly nothingBecause: string | null;
}

const ASK_ANYTHING = 'home_ask';
export const HOME_ACTIONS = { ask: ASK_ANYTHING, breakGlass: 'home_break_glass', help: 'home_help' } as const;
/** Maximum for each kind, because Slack allows 100 blocks. A command shows the rest. */
const MOST = { held: 10, asked: 5, toReview: 8 };
/** Maximum number of roles to offer. The form finds the others. */
export const MOST_POSSIBLE = 15;

export function homeView(input: HomeInput): HomeView {
  const { held, asked, toReview, possible, word } = input;
  const blocks: KnownBlock[] = [
    ...(input.environment === undefined ? [] : [smallPrint(ENVIRONMENT.line(input.environment))]),
    {
      type: 'actions',
      elements: [
        button(BUTTONS.requestAccess, HOME_ACTIONS.ask, 'ask', { style: 'primary' }),
        ...(input.mayBreakGlass ? [button(BUTTONS.breakGlass, HOME_ACTIONS.breakGlass, 'break_glass')] : []),
        button(BUTTONS.help, HOME_ACTIONS.help, 'help'),
      ],
    },
    ...(word ? [section(word)] : []),
    ...(input.needsCodes ? [setUpCodes] : []),
    ...group(
      HOME.held,
      held.slice(0, MOST.held).flatMap((one) => heldBlocks(one, input)),
      HOME.nothingHeld,
    ),
    ...more(held.length - MOST.held, HOME.moreHeld),
    ...group(HOME.toReview, toReview.slice(0, MOST.toReview).flatMap(reviewBlocks), HOME.nothingToReview),
    ...more(toReview.length - MOST.toReview, HOME.moreToReview),
    ...group(HOME.asked, asked.slice(0, MOST.asked).flatMap(askedBlocks), HOME.nothingAsked),
    ...(input.hasEarlier ? [smallPrint(HOME.earlier)] : []),
    ...group(
      HOME.possible,
      possible.map(({ key, text }) => ({
        ...section(text),
        accessory: button(BUTTONS.ask, ASK_ACTION, key),
      })),
      input.nothingBecause === null ? HOME.nothingPossible : HOME.nothingBecause(input.nothingBecause),
    ),
    ...more(input.possibleCount - possible.length, HOME.morePossible),
    smallPrint(HOME.asOf(input.now, input.timeZone)),
  ];
  return { type: 'home', blocks: blocks.slice(0, LIMITS.homeBlocks) };
}

/** Says how many are cut. */
const more = (count: number, where: Sentence): KnownBlock[] => (count > 0 ? [smallPrint(HOME.more(count, where))] : []);

const setUpCodes: KnownBlock = {
  ...paragraph(HOME.codes),
  accessory: button(BUTTONS.setUp, ENROL_ACTION, 'enrol'),
};

const group = (title: string, blocks: KnownBlock[], none: Sentence): KnownBlock[] => [
  { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
  ...(blocks.length > 0 ? blocks : [smallPrint(none)]),
];

function heldBlocks({ grant, roleName, ...possible }: HomeInput['held'][number], { now }: HomeInput): KnownBlock[] {
  const left = grant.state === 'active' ? Math.max(0, grant.endsAt - now) : null;
  const line = paragraph(HOME.hold(roleName, grantSentence(grant, grant.person.timeZone), left));
  if (grant.state !== 'active') return [line];
  return [line, { type: 'actions', elements: accessButtons(grant, possible) }];
}

function reviewBlocks({ request, roleName }: HomeInput['toReview'][number]): KnownBlock[] {
  const { onCall, incident } = request.decision.proof;
  const proof = TO_REVIEW.proof(
    proofSentence({ onCall, incident: null }),
    proofSentence({ onCall: null, incident }),
    onCallSentence(request.seenOnCall),
  );
  return [
    paragraph(say`${TO_REVIEW.request(request, roleName)}${proof}`),
    quote(request.reason),
    {
      type: 'actions',
      elements: [
        button(BUTTONS.approve, REVIEW_ACTIONS.approve, request.id, { style: 'primary' }),
        button(BUTTONS.deny, REVIEW_ACTIONS.deny, request.id, { style: 'danger' }),
      ],
    },
  ];
}

function askedBlocks({ request, roleName }: HomeInput['asked'][number]): KnownBlock[] {
  const line = paragraph(HOME.request(roleName, request.submittedAt, statusSentence(request, null)));
  return request.state === 'pending' || request.state === 'scheduled'
    ? [{ ...line, accessory: cancelButton(request) }]
    : [line];
}
