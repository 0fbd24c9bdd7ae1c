import type { KnownBlock } from '@slack/types';
import type { LedgerEvent } from '../domain/events.ts';
import { accountsBeside } from '../domain/person.ts';
import type { Policy } from '../domain/policy.ts';
import { assertNever } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import { button, context, type Message, plain, quote, section, time } from './blocks.ts';
import { ASK_ACTION } from './grants/notices.ts';
import { mentions } from './sentences.ts';

/** Messages to people other than the requester, and to channels, by what happened. */
export interface News {
  readonly to:
    | { readonly kind: 'person'; readonly slackId: string }
    | { readonly kind: 'channel' }
    | { readonly kind: 'thread'; readonly requestId: string };
  /** Of the card of the request that it is about; a link to it is added for whoever is elsewhere. */
  readonly linkTo: string | null;
  readonly message: Message;
}

/** Events that newsOf has something to say about. */
export const ELSEWHERE: ReadonlySet<LedgerEvent['type']> = new Set([
  'request.escalated',
  'access.offered',
  'break_glass.invoked',
  'break_glass.reminded',
  'break_glass.unreviewed',
  'break_glass.reviewed',
  'delegation.set',
  'second_factor.enrolled',
  'second_factor.locked',
  'second_factor.reset',
  'access.frozen',
  'access.unfrozen',
  'ledger.damaged',
  'access_review.reminded',
  'access_review.closed',
]);

/** @param roleName of a role key, as people know it */
export function newsOf(event: LedgerEvent, policy: Policy, roleName: (key: string) => string): readonly News[] {
  const who = event.actor.kind === 'person' ? `<@${event.actor.id}>` : 'The bot';
  const requestId = event.requestId ?? '';
  const person = (slackId: string, text: string, blocks: KnownBlock[], linkTo: string | null = null): News => ({
    to: { kind: 'person', slackId },
    linkTo,
    message: { text, blocks },
  });
  const thread = (text: string, line: string): News => ({
    to: { kind: 'thread', requestId },
    linkTo: null,
    message: { text, blocks: [section(line)] },
  });
  const channel = (text: string, blocks: KnownBlock[]): News => ({
    to: { kind: 'channel' },
    linkTo: null,
    message: { text, blocks },
  });

  switch (event.type) {
    case 'request.escalated': {
      const { to, requester, role, page } = event.payload;
      const asked = to.map(({ slackId }) => `<@${slackId}>`).join(', ');
      const paged = page === null ? '' : ' Somebody was paged in PagerDuty.';
      const line = asked
        ? `:arrow_up: Nobody has decided yet, so ${asked} ${to.length === 1 ? 'is' : 'are'} asked as well.${paged}`
        : `:warning: Nobody has decided yet, and nobody else could be asked: they are asleep, away, or made the request.${paged}`;
      return [
        thread('More people are asked', line),
        ...to.map(({ slackId }) =>
          person(
            slackId,
            `${plain(requester.name)} waits for a review`,
            [
              section(
                `:hourglass: *${plain(requester.name)} asks for ${plain(roleName(role))}*, and nobody has decided yet. You can approve or deny it.`,
              ),
            ],
            requestId,
          ),
        ),
      ];
    }
    case 'access.offered': {
      const { to, from, role, escalationPolicy } = event.payload;
      return to.map(({ slackId }) =>
        person(slackId, `${plain(roleName(role))}, for your shift`, [
          section(
            `:wave: *You are on call for ${plain(escalationPolicy)} now.* ${plain(from.name)} had ${plain(roleName(role))} in the shift before; it ends with that shift. Do you need it too?`,
          ),
          { type: 'actions', elements: [button('Ask for it', ASK_ACTION, role, { style: 'primary' })] },
        ]),
      );
    }
    case 'break_glass.invoked': {
      const { person: whose, role, reason, reviewer, reviewBy } = event.payload;
      return [
        person(
          reviewer.slackId,
          `Break-glass by ${plain(whose.name)}: please review`,
          [
            section(
              `:rotating_light: *${plain(whose.name)} broke the glass for ${plain(roleName(role))}.* You are to review it by ${time(reviewBy)}: was it justified?`,
            ),
            quote(reason),
          ],
          requestId,
        ),
      ];
    }
    case 'break_glass.reminded': {
      const { person: whose, role, reviewer, reviewBy } = event.payload;
      return [
        person(
          reviewer.slackId,
          `Still to review: break-glass by ${plain(whose.name)}`,
          [
            section(
              `:hourglass: *${plain(whose.name)}’s break-glass for ${plain(roleName(role))} is still to be reviewed*, by ${time(reviewBy)}.`,
            ),
          ],
          requestId,
        ),
      ];
    }
    case 'break_glass.unreviewed': {
      const { person: whose, role, reviewer } = event.payload;
      return [
        thread(
          'Nobody has reviewed this',
          `:rotating_light: *The deadline is over and nobody has reviewed this.* <@${reviewer.slackId}>, ${mentions(policy.admins)}: please do. Until then ${plain(whose.name)} cannot break the glass again.`,
        ),
        person(
          reviewer.slackId,
          `Overdue: break-glass by ${plain(whose.name)}`,
          [
            section(
              `:rotating_light: *Your review of ${plain(whose.name)}’s break-glass for ${plain(roleName(role))} is overdue.* Administrators have been told.`,
            ),
          ],
          requestId,
        ),
      ];
    }
    case 'break_glass.reviewed': {
      const { role, person: user, justified, comment } = event.payload;
      const name = plain(roleName(role));
      const line = justified
        ? `:white_check_mark: *${who} found your break-glass for ${name} justified*, saying:`
        : `:warning: *${who} found your break-glass for ${name} not justified.* What you still hold of it is taken back now. They say:`;
      return [
        person(user.slackId, `Your break-glass for ${name} was reviewed`, [section(line), quote(comment)], requestId),
      ];
    }
    case 'delegation.set': {
      const { to, until } = event.payload;
      return [
        person(to.slackId, 'You stand in for somebody', [
          section(
            `:handshake: *${who} is away and asks you to review for them until ${time(until)}.* Requests to them can be decided by you in the approvals channel.`,
          ),
        ]),
      ];
    }
    case 'second_factor.enrolled':
      return event.actor.kind === 'person'
        ? [
            person(event.actor.id, 'One-time codes are on', [
              section(
                ':lock: *One-time codes are on for you.* Roles that want one ask for the code that your app shows. Was this not you? Tell an administrator at once.',
              ),
            ]),
          ]
        : [];
    case 'second_factor.locked':
      return event.actor.kind === 'person'
        ? [
            person(event.actor.id, 'Too many wrong codes', [
              section(
                `:warning: *Too many wrong one-time codes were typed in your name.* None is taken until ${time(event.payload.until)}. Was this not you? Tell an administrator at once.`,
              ),
            ]),
          ]
        : [];
    case 'second_factor.reset': {
      const { slackId } = event.payload.person;
      const after = `Roles that want a code will not take one until somebody sets them up again, with \`/jit second-factor\`. *If you did not ask for it, tell another administrator at once*: whoever sets them up next can confirm in your name.`;
      return [
        person(slackId, 'Your one-time codes were reset', [
          section(`:warning: *Your one-time codes were reset* by ${who}. ${after}`),
        ]),
        ...accountsBeside(slackId, policy.samePerson).map((id) =>
          person(id, 'Your one-time codes were reset', [
            section(`:warning: *The one-time codes of your account <@${slackId}> were reset* by ${who}. ${after}`),
          ]),
        ),
      ];
    }
    case 'access.frozen':
      return [
        channel('All access is frozen', [
          section(
            `:rotating_light: <!here> *${who} froze all access.* ${event.payload.live === 0 ? 'Nothing was live.' : `What is live (${event.payload.live}) is being taken back.`} Nothing new is granted until an administrator lifts it.`,
          ),
          quote(event.payload.reason),
          context('Administrators lift it with `/jit admin`.'),
        ]),
      ];
    case 'ledger.damaged':
      return [
        channel('The record cannot be trusted', [
          section(
            `:rotating_light: ${mentions(policy.admins)} *The record of what happened cannot be relied on*: ${plain(event.payload.problem)}.\nNothing new is granted until somebody has looked. What is held still ends on time.${event.payload.needsLook ? ' Whoever has looked, and is an administrator, types `/jit audit looked WHY`.' : ''}`,
          ),
        ]),
      ];
    case 'access_review.reminded':
      return [
        channel('An access review waits for its owners', [
          section(
            `:hourglass: *${counted(event.payload.unanswered, 'rule of the access review still waits', 'rules of the access review still wait')} for an answer*, by ${time(event.payload.dueAt)}. Owners, please look for the messages above that name you.`,
          ),
        ]),
      ];
    case 'access_review.closed': {
      const { kept, removed, unanswered } = event.payload;
      const open = unanswered > 0 ? ` :warning: *${unanswered} never answered*: what they allow stays.` : '';
      return [
        channel('The access review is closed', [
          section(
            `:clipboard: *The access review is closed*: ${counted(kept, 'rule')} kept, ${removed} removed.${open}`,
          ),
        ]),
      ];
    }
    case 'access.unfrozen':
      return [
        channel('Access is no longer frozen', [
          section(`:white_check_mark: *${who} lifted the freeze.* Access can be asked for again with \`/jit\`.`),
        ]),
      ];
    default:
      return ELSEWHERE.has(event.type) ? assertNever(event as never) : [];
  }
}
