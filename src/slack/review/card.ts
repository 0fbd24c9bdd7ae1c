import type { KnownBlock, ModalView } from '@slack/types';
import type { Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import { assertNever, durationText } from '../../domain/terms.ts';
import { button, code, context, type Message, plain, plainText, quote, section, time } from '../blocks.ts';
import { endSentence, mentions, missedRules, proofSentence } from '../sentences.ts';

export const REVIEW_ACTIONS = { approve: 'review_approve', deny: 'review_deny' } as const;
export const END_ACTION = 'grant_end';
export const DENY_MODAL = 'review_deny_modal';
export const COMMENT = { block: 'comment', action: 'comment' } as const;

export interface CardInput {
  readonly request: Request;
  readonly grant: Grant | null;
  readonly roleName: string;
}

/** The request in the approvals channel: what it takes to decide, and how it stands now. */
export function requestCard({ request, grant, roleName }: CardInput): Message {
  const { requester } = request;
  const proof = 'proof' in request.decision ? request.decision.proof : { onCall: null, incident: null };
  const incident = proof.incident;
  const facts = [
    `*What*\n${plain(roleName)} (${code(request.role)})`,
    `*How long*\n${durationText(request.duration)}`,
    `*On call*\n${proof.onCall ? proofSentence({ onCall: proof.onCall, incident: null }) : 'no, or not known'}`,
    `*Incident*\n${incident ? `#${incident.number} ${plain(incident.title)} (${incident.status}, ${incident.urgency} urgency)` : 'none named'}`,
  ];
  const missed = missedRules(request.decision);
  const blocks: KnownBlock[] = [
    section(`*<@${requester.slackId}> asks for ${plain(roleName)}*\n${statusLine(request, grant)}`),
    { type: 'section', fields: facts.map((text) => ({ type: 'mrkdwn', text, verbatim: true })) },
    context('Why, in their words:'),
    quote(request.reason),
  ];
  if (missed.length > 0) blocks.push(context(`Not approved at once: ${missed.join(' · ')}`));
  if (incident?.url.startsWith('https://'))
    blocks.push({
      type: 'actions',
      elements: [button('Open the incident', 'open_incident', incident.id, { url: incident.url })],
    });
  blocks.push(context(`Request ${code(request.id)} · ${time(request.submittedAt)}`));
  return { text: `${plain(requester.name)} asks for ${plain(roleName)} (${request.state})`, blocks };
}

/** The message in the card's thread: the buttons while there is something to decide, the outcome afterwards. */
export function reviewPrompt({ request, grant, roleName }: CardInput): Message {
  if (request.state === 'pending') {
    const { decision, reviews } = request;
    const approved =
      reviews.length > 0
        ? ` ${reviews.map((review) => plain(review.by.name)).join(', ')} approved; ${decision.needed - reviews.length} more needed.`
        : '';
    const text = `${mentions(decision.reviewers)}: ${decision.needed === 1 ? 'one approval' : `${decision.needed} approvals`} needed by ${time(request.expiresAt)}.${approved}`;
    return {
      text: `Approve or deny: ${plain(request.requester.name)} asks for ${request.role}`,
      blocks: [
        section(text),
        {
          type: 'actions',
          elements: [
            button('Approve', REVIEW_ACTIONS.approve, request.id, { style: 'primary' }),
            button('Deny…', REVIEW_ACTIONS.deny, request.id, { style: 'danger' }),
          ],
        },
      ],
    };
  }
  const text = statusLine(request, grant);
  const blocks: KnownBlock[] = [section(text)];
  const last = request.state === 'denied' ? request.reviews.at(-1) : undefined;
  if (last) blocks.push(quote(last.comment));
  if (grant?.state === 'active') blocks.push({ type: 'actions', elements: [endButton(grant.id)] });
  return { text: `${plain(request.requester.name)}, ${plain(roleName)}: ${request.state}`, blocks };
}

export const endButton = (grantId: string) =>
  button('End access now', END_ACTION, grantId, {
    style: 'danger',
    confirm: {
      title: plainText('End this access?', 100),
      text: plainText('It is taken away at once, and open sessions are closed.', 300),
      confirm: plainText('End it', 30),
      deny: plainText('Keep it', 30),
    },
  });

/** How the request and its grant stand, in one line. */
export function statusLine(request: Request, grant: Grant | null): string {
  switch (request.state) {
    case 'pending':
      return `:hourglass: Waiting for review until ${time(request.expiresAt)}`;
    case 'approved': {
      const approvers = request.reviews.map((review) => `<@${review.by.slackId}>`).join(' and ');
      return `:white_check_mark: Approved by ${approvers || 'the policy'}. ${grant ? grantLine(grant) : ''}`;
    }
    case 'denied': {
      const reviewer = request.reviews.at(-1)?.by;
      return `:no_entry: Denied by ${reviewer ? `<@${reviewer.slackId}>` : 'the policy'}`;
    }
    case 'cancelled':
      return ':leftwards_arrow_with_hook: Cancelled by the requester';
    case 'expired':
      return ':zzz: Nobody decided in time';
    default:
      return assertNever(request);
  }
}

function grantLine(grant: Grant): string {
  switch (grant.state) {
    case 'provisioning':
      return 'Access is being set up.';
    case 'active':
      return `Access is active until ${time(grant.endsAt)}.`;
    case 'revoking':
      return 'Access is being taken back.';
    case 'overdue':
      return ':rotating_light: Access could not be taken back yet; the bot keeps trying.';
    case 'ended':
      return `Access ended ${time(grant.endedAt)}: ${endSentence(grant.why)}.`;
    case 'failed':
      return 'Access could not be set up, and nothing was left behind.';
    default:
      return assertNever(grant);
  }
}

/** Asks a reviewer why not. Holds the request's id and nothing else. */
export const denyModal = (requestId: string): ModalView => ({
  type: 'modal',
  callback_id: DENY_MODAL,
  private_metadata: requestId,
  title: plainText('Deny this request', 24),
  submit: plainText('Deny', 24),
  close: plainText('Back', 24),
  blocks: [
    {
      type: 'input',
      block_id: COMMENT.block,
      label: plainText('Why not?'),
      hint: plainText('The requester sees this, with your name.', 2000),
      element: { type: 'plain_text_input', action_id: COMMENT.action, multiline: true, max_length: 500 },
    },
  ],
});
