import type { Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import { assertNever } from '../../domain/terms.ts';
import { plain, time } from '../blocks.ts';
import { endSentence } from '../sentences.ts';

/** How the request and its grant stand, in one line. */
export function statusLine(request: Request, grant: Grant | null): string {
  switch (request.state) {
    case 'pending':
      return `:hourglass: Waiting for review until ${time(request.expiresAt)}`;
    case 'scheduled':
      return `:calendar: Approved by ${approversText(request)}. Begins ${time(request.startsAt)}, if the policy still allows it then`;
    case 'approved':
      return `${request.useReview ? ':rotating_light: Taken without asking.' : `:white_check_mark: Approved by ${approversText(request)}.`} ${grant ? grantLine(grant) : ''}`;
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

const approversText = (request: Request & { state: 'approved' | 'scheduled' }): string =>
  request.reviews
    .map(({ by, onBehalfOf }) => `<@${by.slackId}>${onBehalfOf === null ? '' : ` (for <@${onBehalfOf}>)`}`)
    .join(' and ') || 'the policy';

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
      return `Access ended ${time(grant.endedAt)}: ${endSentence(grant.why)}${grant.by.kind === 'person' ? ` by ${plain(grant.by.name)}` : ''}.`;
    case 'failed':
      return 'Access could not be set up, and nothing was left behind.';
    default:
      return assertNever(grant);
  }
}
