import type { KnownBlock, ModalView } from '@slack/types';
import type { LedgerEvent } from '../../domain/events.ts';
import type { ActiveGrant, Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import { durationText, type Instant } from '../../domain/terms.ts';
import type { Credential } from '../../ports.ts';
import { button, code, context, type Message, plain, plainText, quote, section, time, timeIn } from '../blocks.ts';
import { approvalsText, denialSentence, endSentence, leftSentence, openSentence, proofSentence } from '../sentences.ts';
import { endButton } from './buttons.ts';

export const CANCEL_ACTION = 'request_cancel';
export const CREDENTIAL_ACTION = 'grant_credential';
export const EXTEND_ACTION = 'grant_extend';
/** Opens the request form with a role chosen. */
export const ASK_ACTION = 'request_open';

export interface NoticeInput {
  readonly request: Request;
  readonly grant: Grant | null;
  readonly roleName: string;
  /** Whether the target hands out a secret for this grant. */
  readonly hasCredential: boolean;
  /** Whether the policy leaves any more time to ask for. */
  readonly canExtend: boolean;
}

/** The requester's private messages, by what happened. null: this event is not news for them. */
export function noticeFor(event: LedgerEvent, input: NoticeInput): Message | null {
  const { request } = input;
  const role = plain(input.roleName);
  switch (event.type) {
    case 'request.submitted':
      return event.payload.decision.effect === 'ask' ? waitingNotice(input) : null;
    case 'request.denied': {
      const review = request.state === 'denied' ? request.reviews.at(-1) : undefined;
      if (!review)
        return {
          text: `Denied: ${role}`,
          blocks: [section(`:no_entry: *${role} was denied*: ${denialSentence(request.decision)}`)],
        };
      return {
        text: `${plain(review.by.name)} denied ${role}`,
        blocks: [
          section(`:no_entry: *<@${review.by.slackId}> denied ${role}*, saying:`),
          quote(review.comment),
          context('You can ask again with `/jit`.'),
        ],
      };
    }
    case 'request.approved':
      return request.state === 'scheduled' ? scheduledNotice(input) : null;
    case 'request.expired':
      return {
        text: `Nobody decided on ${role} in time`,
        blocks: [
          section(
            `:zzz: *Nobody decided on ${role} in time.* Nothing was granted. Ask again with \`/jit\`, or call a reviewer.`,
          ),
        ],
      };
    case 'grant.activated':
      return activeNotice(input);
    case 'grant.extended':
      return {
        text: `${role} is extended`,
        blocks: [
          section(
            `:white_check_mark: *You keep ${role} until ${at(event.payload.endsAt, input)}.* ${whySentence(request)}`,
          ),
        ],
      };
    case 'grant.not_extended':
      return {
        text: `${role} could not be extended`,
        blocks: [
          section(
            `:warning: *${role} could not be extended*: ${plain(event.payload.problem)}. It still ends ${at(event.payload.endsAt, input)}. You can try again with \`/jit extend\`.`,
          ),
        ],
      };
    case 'grant.shortened':
      return {
        text: `${role} ends soon`,
        blocks: [
          section(
            `:hourglass: *${role} ends ${at(event.payload.endsAt, input)}*, because ${endSentence(event.payload.why)}. Still needed? Ask for more time; the policy or a reviewer decides.`,
          ),
          ...(input.grant?.state === 'active' ? [moreOrDone(input.grant, input.canExtend)] : []),
        ],
      };
    case 'grant.ended':
      return {
        text: `${role} has ended`,
        blocks: [
          section(
            `:lock: *${role} has ended*: ${endSentence(event.payload.why)}${endedBy(input.grant)}. ${spaced(openSentence(event.payload.openUntil, event.at))}${spaced(leftSentence(event.payload.left))}Need it again? \`/jit\``,
          ),
        ],
      };
    case 'grant.failed':
      return {
        text: `${role} could not be set up`,
        blocks: [
          section(
            `:warning: *${role} could not be set up*, and nothing was left behind.\n${plain(event.payload.problem)}\nAsk again with \`/jit\`; if it fails again, tell whoever runs the bot.`,
          ),
        ],
      };
    case 'grant.overdue':
      return {
        text: `${role} could not be taken back yet`,
        blocks: [
          section(
            `:rotating_light: *${role} could not be taken back yet.* The bot keeps trying, and administrators have been told. Please do not use it any more.`,
          ),
        ],
      };
    default:
      return null;
  }
}

/** While reviewers look at it, with a way out; afterwards, the same message without. */
export function waitingNotice({ request, roleName }: NoticeInput): Message {
  const role = plain(roleName);
  const text = `You asked for ${role}`;
  if (request.state !== 'pending') return { text, blocks: [section(`You asked for ${role}: ${request.state}.`)] };
  return {
    text: `${text}: waiting for review`,
    blocks: [
      section(
        `:hourglass: *${role}: waiting for ${approvalsText(request.decision.stages)}.*\nThey have been asked. If nobody answers, the request ends ${time(request.expiresAt, request.requester.timeZone)}.`,
      ),
      { type: 'actions', elements: [button('Cancel request', CANCEL_ACTION, request.id)] },
    ],
  };
}

/** While access is active, with what it takes to use it; afterwards, the same message without. */
export function activeNotice({ request, grant, roleName, hasCredential, canExtend }: NoticeInput): Message | null {
  if (!grant || grant.state === 'provisioning' || grant.activation === null) return null;
  const role = plain(roleName);
  const { timeZone } = grant.person;
  const until = timeIn(grant.endsAt, timeZone, grant.activation.at);
  if (grant.state !== 'active')
    return { text: `${role} was active`, blocks: [section(`You had ${role}. It is over.`)] };
  const blocks: KnownBlock[] = [
    section(`:white_check_mark: *You have ${role} until ${time(grant.endsAt, timeZone)}*\n${whySentence(request)}`),
    context(`${hasCredential ? 'Log in as' : 'On your account'} ${code(grant.activation.account)}. It ends by itself.`),
    {
      type: 'actions',
      elements: [
        ...(hasCredential ? [button('Get credentials', CREDENTIAL_ACTION, grant.id, { style: 'primary' })] : []),
        ...(canExtend ? [button('Extend…', EXTEND_ACTION, grant.id)] : []),
        endButton(grant.id, 'I’m done'),
      ],
    },
  ];
  return { text: `You have ${role} until ${until}`, blocks };
}

/** Approved for later, with a way out until it begins; afterwards, the same message without. */
export function scheduledNotice({ request, roleName }: NoticeInput): Message {
  const role = plain(roleName);
  if (request.state !== 'scheduled')
    return { text: `${role} was planned`, blocks: [section(`You had planned ${role}: ${request.state}.`)] };
  const begins = request.startsAt === null ? '' : time(request.startsAt, request.requester.timeZone);
  return {
    text: `${role} is approved for later`,
    blocks: [
      section(
        `:calendar: *${role} begins ${begins}*, for ${durationText(request.duration)}. ${whySentence(request)}\nThe policy is asked once more at the start; you get a message then.`,
      ),
      { type: 'actions', elements: [button('Cancel request', CANCEL_ACTION, request.id)] },
    ],
  };
}

/** Before the end, with a way to more time and a way out; afterwards, the same message without. */
export function reminder({ grant, roleName, canExtend }: NoticeInput): Message {
  const role = plain(roleName);
  if (grant?.state !== 'active') return { text: `${role} is over`, blocks: [section(`${role} is over.`)] };
  const why = grant.endsBecause === 'expired' ? '' : `, because ${endSentence(grant.endsBecause)}`;
  return {
    text: `${role} ends soon`,
    blocks: [
      section(
        `:hourglass: *${role} ends ${time(grant.endsAt, grant.person.timeZone)}*${why}. Open sessions are closed then.`,
      ),
      moreOrDone(grant, canExtend),
    ],
  };
}

const moreOrDone = (grant: ActiveGrant, canExtend: boolean): KnownBlock => ({
  type: 'actions',
  elements: [
    ...(canExtend ? [button('Extend…', EXTEND_ACTION, grant.id, { style: 'primary' })] : []),
    endButton(grant.id, 'I’m done'),
  ],
});

const at = (instant: Instant, { request }: NoticeInput): string => time(instant, request.requester.timeZone);

function whySentence(request: Request): string {
  if (request.decision.effect === 'break_glass')
    return ':rotating_light: Break-glass: everybody has been told, and your use will be reviewed.';
  if ((request.state === 'approved' || request.state === 'scheduled') && request.reviews.length > 0)
    return `Approved by ${request.reviews.map((review) => `<@${review.by.slackId}>`).join(' and ')}${request.askedFor ? `, for less than you asked for (${code(request.askedFor.role)}, ${durationText(request.askedFor.duration)})` : ''}.`;
  const proof = request.decision.effect === 'allow' ? proofSentence(request.decision.proof) : null;
  return proof
    ? `Approved at once: you are ${proof}.`
    : `Approved at once: ${plain(request.decision.reasons.join('; '))}.`;
}

const endedBy = (grant: Grant | null): string =>
  grant?.state === 'ended' && grant.why === 'revoked' && grant.by.kind === 'person' ? ` by <@${grant.by.id}>` : '';

/** Shows a secret once. A modal is kept in no message history. */
export const credentialModal = (credential: Credential): ModalView => ({
  type: 'modal',
  title: plainText('Your credentials', 24),
  close: plainText('Done', 24),
  blocks: [
    section('Shown once, to you only, and stored nowhere. Opening this again makes new ones.'),
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: credential.usage }] }],
    },
    section(`Login ${code(credential.account)}`),
    {
      type: 'rich_text',
      elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: credential.secret }] }],
    },
  ],
});

export const credentialWorkingModal = (): ModalView => ({
  type: 'modal',
  title: plainText('Your credentials', 24),
  close: plainText('Close', 24),
  blocks: [section(':hourglass_flowing_sand: Making your credentials…')],
});

export const credentialRefusedModal = (sentence: string): ModalView => ({
  type: 'modal',
  title: plainText('Your credentials', 24),
  close: plainText('Close', 24),
  blocks: [section(sentence)],
});

const spaced = (sentence: string): string => (sentence === '' ? '' : `${sentence} `);
