import type { ModalView } from '@slack/types';
import type { Request } from '../../domain/request.ts';
import type { Submitted } from '../../lifecycle/submitRequest.ts';
import { code, section, time } from '../blocks.ts';
import { messageModal } from '../forms.ts';
import { denialSentence, previewSentence, refusalSentence } from '../sentences.ts';

/** What a person reads right after asking. */

export function answerModal({ requests, refused }: Submitted): ModalView {
  const [only, ...others] = requests;
  const title =
    only && others.length === 0 && refused.length === 0
      ? titleOf(only)
      : requests.length > 0
        ? 'Requested'
        : 'Not requested';
  return messageModal(
    title,
    answerLines({ requests, refused }).map((line) => section(line)),
  );
}

/** A line for each role that was asked for. */
export function answerLines({ requests, refused }: Submitted): string[] {
  const several = requests.length + refused.length > 1;
  const about = (role: string) => (several ? `${code(role)}: ` : '');
  return [
    ...requests.map((request) => about(request.role) + answerSentence(request)),
    ...refused.map(({ role, refusal }) => about(role) + refusalSentence(refusal)),
  ];
}

export function answerSentence(request: Request): string {
  switch (request.state) {
    case 'approved':
      if (request.useReview)
        return ':rotating_light: *Access at once.* It is being set up now. Everybody has been told, and your use will be reviewed.';
      return request.extends === null
        ? ':white_check_mark: *Approved.* Your access is being set up now; the message about it says until when, and how to use it.'
        : ':white_check_mark: *Approved.* The message about it says until when you have it.';
    case 'scheduled':
      return `:calendar: *Approved for later.* It begins ${time(request.startsAt, request.requester.timeZone)}, if the policy still allows it then.`;
    case 'pending':
      return `${previewSentence(request.decision)}\nThey have been asked. You get a message as soon as they answer, or ${time(request.expiresAt, request.requester.timeZone)} if nobody does.`;
    case 'denied':
      return `:no_entry: *Denied*: ${denialSentence(request.decision)}`;
    default:
      return `This request is ${request.state}.`;
  }
}

function titleOf(request: Request): string {
  switch (request.state) {
    case 'approved':
      return 'Approved';
    case 'scheduled':
      return 'Approved for later';
    case 'pending':
      return 'Waiting for review';
    case 'denied':
      return 'Denied';
    default:
      return 'Request access';
  }
}
