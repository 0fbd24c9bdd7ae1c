/** The message about a request in the approvals channel. Who, why and who decides come first; facts that are empty are left out. */

import type { Grant } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { Risk, Stage } from '../domain/policy.ts';
import type { PendingRequest, Request, Review, UseReview } from '../domain/request.ts';
import { SIGNAL_NAMES, type Signal } from '../domain/signals.ts';
import { assertNever } from '../domain/terms.ts';
import { cut } from '../domain/text.ts';
import { approvalsSentence, missedRules, riskSentence, stagesSentence } from './decisions.ts';
import { endSentence } from './ends.ts';
import { capital, code, here, joined, lasting, people, type Sentence, say, time } from './pieces.ts';

const person = (slackId: string) => people([slackId]);

/** Who approved, and in whose place if they stood in for somebody. */
const approvers = (reviews: readonly Review[]): Sentence =>
  joined(
    reviews.map(({ by, onBehalfOf }) =>
      onBehalfOf === null ? say`${person(by.slackId)}` : say`${person(by.slackId)} (for ${person(onBehalfOf)})`,
    ),
    ' and ',
  );

function grantSentence(grant: Grant): Sentence {
  switch (grant.state) {
    case 'provisioning':
      return say`Access is being set up.`;
    case 'active':
      return say`Access is active until ${time(grant.endsAt)}.`;
    case 'revoking':
      return say`Access is ending.`;
    case 'overdue':
      return say`:rotating_light: Access could not be ended yet; I keep trying.`;
    case 'ended':
      return say`Access ended ${time(grant.endedAt)}: ${endSentence(grant.why)}${grant.by.kind === 'person' ? ` by ${grant.by.name}` : ''}.`;
    case 'failed':
      return say`Access could not be set up, and nothing was left behind.`;
    default:
      return assertNever(grant);
  }
}

/** The state of a request and its grant, in one line. */
export function statusSentence(request: Request, grant: Grant | null): Sentence {
  const now = grant ? say` ${grantSentence(grant)}` : '';
  switch (request.state) {
    case 'pending':
      return say`:hourglass: Waiting for approval. Expires ${time(request.expiresAt)}.`;
    case 'scheduled':
      return say`:calendar: ${approvedBy(request.reviews)} Starts ${time(request.startsAt)}, if the policy still allows it then.`;
    case 'approved':
      return request.useReview
        ? say`:rotating_light: Break-glass: used without approval.${now}`
        : say`:white_check_mark: ${approvedBy(request.reviews)}${now}`;
    case 'denied': {
      const reviewer = request.reviews.at(-1)?.by;
      return reviewer ? say`:no_entry: Denied by ${person(reviewer.slackId)}.` : say`:no_entry: Denied by the policy.`;
    }
    case 'cancelled':
      return say`:leftwards_arrow_with_hook: Cancelled by the requester.`;
    case 'expired':
      return say`:zzz: Expired: nobody decided in time.`;
    default:
      return assertNever(request);
  }
}

const approvedBy = (reviews: readonly Review[]): Sentence =>
  reviews.length === 0 ? say`Approved automatically.` : say`Approved by ${approvers(reviews)}.`;

const howLong = ({ duration, startsAt }: Request): Sentence =>
  startsAt === null ? say`for ${lasting(duration)}` : say`for ${lasting(duration)} from ${time(startsAt)}`;

const less = ({ askedFor }: Request): Sentence =>
  askedFor ? say`, instead of ${code(askedFor.role)} for ${lasting(askedFor.duration)}` : [];

/** What was approved so far, and whose approval is still needed. */
function neededSentence({ decision, reviews, stillNeeded }: PendingRequest): Sentence {
  const count = (stages: readonly Stage[]) => stages.reduce((sum, { needed }) => sum + needed, 0);
  if (reviews.length === 0 || !stillNeeded) return say`*Needs ${approvalsSentence(decision.stages)}*`;
  const all = Math.max(count(decision.stages), count(stillNeeded));
  return say`*${all - count(stillNeeded)} of ${all}, still needed: ${stagesSentence(stillNeeded)}*`;
}

export const CARD = {
  /** The notification. */
  text: (request: Request, what: string, state: string | null): Sentence => {
    const { name } = request.requester;
    const asks =
      request.decision.effect === 'break_glass'
        ? say`Break-glass: ${name} used ${what}`
        : say`${name} asks for ${request.extends === null ? '' : 'more time on '}${what}`;
    return state === null ? asks : say`${asks}: ${state}`;
  },
  /** Who asks and for what, in one line. */
  headline: (request: Request, what: string, isOne: boolean): Sentence => {
    const who = person(request.requester.slackId);
    const length = isOne ? say` ${howLong(request)}` : '';
    if (request.decision.effect === 'break_glass')
      return say`:rotating_light: ${here} *Break-glass: ${who} used ${what}*${length}, without approval`;
    return request.extends === null
      ? say`*${who} asks for ${what}*${length}${isOne ? less(request) : ''}`
      : say`*${who} asks for ${lasting(request.duration)} more on ${what}*`;
  },
  roles: (count: number): string => `${count} roles`,
  /** One of several roles that were requested together. */
  item: (request: Request, name: string, risk: Risk | null): Sentence =>
    say`*${name}* ${howLong(request)}${less(request)}${risk === null ? '' : say` · Risk: ${riskSentence(risk)}`}`,
  /** Who decides, and by when. */
  waiting: (request: PendingRequest): Sentence => {
    const { decision, reviews, escalations, expiresAt } = request;
    const rule = decision.rule === null ? 'Open Policy Agent' : `rule ${decision.rule}`;
    const asked = escalations.flatMap(({ to }) => to);
    return say`:hourglass: ${neededSentence(request)}, before ${time(expiresAt)}. If that’s you, you can approve this (${rule}).${
      reviews.length > 0 ? say`\n:white_check_mark: Approved by ${approvers(reviews)} so far.` : ''
    }${asked.length > 0 ? say`\n:arrow_up: Also asked: ${people(asked)}.` : ''}`;
  },
  status: statusSentence,
  /** A reviewer's comment, in their own words. */
  comment: ({ by, comment }: Review): Sentence => say`${person(by.slackId)}: “${cut(comment, 500)}”`,
  signal: ({ kind, facts }: Signal): Sentence => say`:mag: *${capital(say`${SIGNAL_NAMES[kind]}`)}*: ${facts}`,
  notAutomatic: ({ decision }: Request): Sentence => {
    const missed = missedRules(decision);
    return missed.length === 0 ? [] : say`Not automatic: ${joined(missed, ' · ')}`;
  },
  footer: (requests: readonly Request[]): Sentence =>
    say`${joined(
      requests.map(({ id, role }) => say`${code(id)} ${code(role)}`),
      ' · ',
    )} · ${time(requests[0]?.submittedAt ?? 0)}`,
  /** In the threads of cards that were posted with their buttons there. */
  seeAbove: say`The buttons are in the message above now.`,
} as const;

/** The facts, each with its heading. Empty ones are not shown. */
export const FACTS = {
  risk: (risk: Risk | null): Sentence =>
    say`*Risk*\n${risk === null ? 'the role is no longer in the policy' : riskSentence(risk)}`,
  onCall: (proof: Sentence): Sentence => say`*On call*\n${proof}`,
  incident: ({ number, title, priority, status, urgency }: Incident): Sentence =>
    say`*Incident*\n#${number} ${title} (${[priority, status, `${urgency} urgency`].filter(Boolean).join(', ')})`,
  lately: (held: readonly { readonly grant: Grant; readonly roleName: string }[]): Sentence =>
    say`*Recent access*\n${joined(
      held.map(({ grant, roleName }) =>
        grant.state === 'ended' || grant.state === 'failed'
          ? say`${roleName}, ${grant.state} ${time(grant.endedAt)}`
          : say`${roleName}, until ${time(grant.endsAt)}`,
      ),
      say`\n`,
    )}`,
} as const;

/** The review of a use of break-glass, on its card. */
export const USE_REVIEW = {
  state: ({ verdict, reviewer, dueAt }: UseReview): Sentence => {
    if (!verdict) return say`${person(reviewer)}, please review this use before ${time(dueAt)}: was it justified?`;
    return verdict.justified
      ? say`:white_check_mark: Reviewed by ${person(verdict.by.slackId)}: justified.`
      : say`:warning: Reviewed by ${person(verdict.by.slackId)}: *not justified*.`;
  },
  reminder: say`If nobody reviews it in time, the same person cannot use break-glass again.`,
} as const;

/** A request that somebody may review, on their Home. */
export const TO_REVIEW = {
  request: (request: PendingRequest, name: string): Sentence =>
    say`*${person(request.requester.slackId)} asks for ${name}* ${howLong(request)}, before ${time(request.expiresAt)}`,
  /** @param shifts shown if no shift was the proof */
  proof: (onCall: Sentence | null, incident: Sentence | null, shifts: Sentence): Sentence =>
    say`${onCall ? say`\nThey are ${onCall}.` : shifts.length > 0 ? say`\nOn call: ${shifts}.` : ''}${incident ? say`\n${capital(incident)}.` : ''}`,
} as const;
