import type { KnownBlock } from '@slack/types';
import type { LiveGrant } from '../../domain/grant.ts';
import { isRefused } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import { cancelRequest } from '../../lifecycle/closeRequest.ts';
import { revokeGrant } from '../../lifecycle/endGrant.ts';
import { extensionLeft } from '../../lifecycle/extendGrant.ts';
import { button, code, context, plain, section, time } from '../blocks.ts';
import { NOT_CANCELLED, NOT_EXTENDED, NOT_LOOKED_UP, NOT_REVOKED } from '../failures.ts';
import { endButton } from '../grants/buttons.ts';
import { openExtendForm } from '../grants/listeners.ts';
import { CANCEL_ACTION, EXTEND_ACTION } from '../grants/notices.ts';
import { cutMarkup } from '../markup.ts';
import { roleNameIn } from '../projections.ts';
import { takeDuration } from '../request/when.ts';
import { statusLine } from '../review/status.ts';
import { refusalSentence, standingSentence } from '../sentences.ts';
import type { Call, Command } from './command.ts';

/** What somebody holds and has asked for, and what they can do about it. */

export const list: Command = {
  names: ['list', 'ls', 'mine'],
  usage: '`/jit list`',
  help: 'what you hold and what you have asked for',
  failed: NOT_LOOKED_UP,
  run: async (call) => {
    const [held, asked] = await mine(call);
    if (held.length + asked.length === 0)
      return call.tell('You hold nothing, and nothing is waiting. `/jit` asks for access.');
    const blocks = [...grantBlocks(call, held), ...requestBlocks(call, asked)];
    return call.tell('What you hold and what you have asked for', blocks);
  },
};

export const revoke: Command = {
  names: ['revoke', 'done', 'end'],
  usage: '`/jit revoke [RESOURCE]`',
  help: 'I’m done: give it back now',
  failed: NOT_REVOKED,
  run: async (call) => {
    const held = matching(call, (await mine(call))[0], call.text);
    const [only, ...others] = held;
    if (!only) return call.tell(noneText(call, 'You hold nothing'));
    if (others.length > 0) return call.tell('Which one?', grantBlocks(call, held));
    const result = await revokeGrant(call.deps, { grantId: only.id, personId: call.personId });
    return call.tell(
      isRefused(result)
        ? refusalSentence(result.refused)
        : `:lock: Taking *${plain(roleNameIn(call.deps.policy, only.role))}* back now.${standingSentence(result.seenAt)}`,
    );
  },
};

export const extend: Command = {
  names: ['extend', 'more'],
  usage: '`/jit extend [RESOURCE] [DURATION]`',
  help: 'ask for more time on what you hold',
  failed: NOT_EXTENDED,
  run: async (call) => {
    const { duration: wanted, rest } = takeDuration(call.text.trim().split(/\s+/).join(' '));
    const held = matching(call, (await mine(call))[0], rest);
    const [only, ...others] = held;
    if (!only) return call.tell(noneText({ text: rest }, 'You hold nothing that could be extended'));
    if (others.length > 0) return call.tell('Which one?', grantBlocks(call, held, '/jit extend'));
    return openExtendForm(call, call.triggerId, { grantId: only.id, personId: call.personId, wanted, reason: null });
  },
};

export const cancel: Command = {
  names: ['cancel'],
  usage: '`/jit cancel [REQUEST]`',
  help: 'take back a request that is waiting',
  failed: NOT_CANCELLED,
  run: async (call) => {
    const waiting = (await mine(call))[1];
    const named = waiting.filter(
      ({ id, role }) => call.text === '' || id === call.text.toUpperCase() || role.startsWith(call.text.toLowerCase()),
    );
    const [only, ...others] = named;
    if (!only) return call.tell(noneText(call, 'Nothing of yours is waiting'));
    if (others.length > 0) return call.tell('Which one?', requestBlocks(call, named));
    const result = await cancelRequest(call.deps, { requestId: only.id, personId: call.personId });
    return call.tell(isRefused(result) ? refusalSentence(result.refused) : 'Cancelled. Nothing was granted.');
  },
};

async function mine({ deps, personId }: Call): Promise<[readonly LiveGrant[], readonly Request[]]> {
  const [held, asked] = await Promise.all([
    deps.store.liveGrants({ slackId: personId }),
    deps.store.openRequests({ slackId: personId }),
  ]);
  return [held.map(({ value }) => value), asked.map(({ value }) => value)];
}

/** Those whose role, or whose resource's name, begins with what was typed. */
function matching({ deps }: Call, held: readonly LiveGrant[], typed: string): readonly LiveGrant[] {
  const wanted = typed.toLowerCase().replace(/\s+/g, '/');
  const exact = held.filter(({ role }) => role === wanted);
  return exact.length > 0
    ? exact
    : held.filter(
        ({ role }) =>
          role.startsWith(wanted) || roleNameIn(deps.policy, role).toLowerCase().startsWith(typed.toLowerCase()),
      );
}

const noneText = ({ text }: Pick<Call, 'text'>, what: string): string =>
  text === '' ? `${what}.` : `${what} that begins with “${plain(text)}”. \`/jit list\` shows what is yours.`;

/** Of each kind: an answer holds 50 blocks, and each takes two. */
const MOST = { grants: 15, requests: 8 };
const NAMES_TEXT = 1_500;

const grantBlocks = ({ deps }: Call, grants: readonly LiveGrant[], again = '/jit revoke'): KnownBlock[] => [
  ...grants.slice(0, MOST.grants).flatMap((grant): KnownBlock[] => [
    section(`*${plain(roleNameIn(deps.policy, grant.role))}*\n${grantText(grant)}`),
    ...(grant.state === 'active'
      ? [
          {
            type: 'actions' as const,
            elements: [
              ...(extensionLeft(deps, grant) > 0 ? [button('Extend…', EXTEND_ACTION, grant.id)] : []),
              endButton(grant.id, 'I’m done'),
            ],
          },
        ]
      : []),
  ]),
  ...more(grants.slice(MOST.grants), again),
];

/** The others by name, with what to type for one of them. */
const more = (others: readonly { readonly role: string }[], again: string): KnownBlock[] =>
  others.length === 0
    ? []
    : [
        context(
          `and ${others.length} more: ${cutMarkup(others.map(({ role }) => code(role)).join(', '), NAMES_TEXT)}. Type \`${again}\` with the name of one.`,
        ),
      ];

export const grantText = (grant: LiveGrant): string =>
  grant.state === 'active'
    ? `until ${time(grant.endsAt, grant.person.timeZone)}, as ${code(grant.activation.account)}`
    : grant.state === 'provisioning'
      ? 'is being set up'
      : 'is being taken back';

const requestBlocks = ({ deps }: Call, requests: readonly Request[]): KnownBlock[] => [
  ...requests
    .slice(0, MOST.requests)
    .flatMap((request): KnownBlock[] => [
      section(`*${plain(roleNameIn(deps.policy, request.role))}* ${code(request.id)}\n${statusLine(request, null)}`),
      { type: 'actions', elements: [button('Cancel request', CANCEL_ACTION, request.id)] },
    ]),
  ...more(requests.slice(MOST.requests), '/jit cancel'),
];
