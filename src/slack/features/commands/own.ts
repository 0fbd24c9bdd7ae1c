/** A person's own access and requests, for the commands that show them or act on one. */

import type { KnownBlock } from '@slack/types';
import type { LiveGrant } from '../../../domain/grant.ts';
import type { Request } from '../../../domain/request.ts';
import type { RoleKey } from '../../../domain/terms.ts';
import { grantSentence } from '../../../wording/admin.ts';
import { statusSentence } from '../../../wording/cards.ts';
import { OWN } from '../../../wording/commands.ts';
import type { Call } from '../../kit/command.ts';
import { paragraph, smallPrint } from '../../kit/drawn.ts';
import { possibleWith, roleNameIn } from '../../outbox/shown.ts';
import { accessButtons, cancelButton } from '../../outbox/toRequester.ts';

export async function ownAccess({ deps, personId }: Call): Promise<[readonly LiveGrant[], readonly Request[]]> {
  const [held, asked] = await Promise.all([
    deps.store.liveGrants({ slackId: personId }),
    deps.store.openRequests({ slackId: personId }),
  ]);
  return [held.map(({ value }) => value), asked.map(({ value }) => value)];
}

/** Those whose role key or resource name begins with the typed text. */
export function matching({ deps }: Call, held: readonly LiveGrant[], typed: string): readonly LiveGrant[] {
  const wanted = typed.toLowerCase().replace(/\s+/g, '/');
  const exact = held.filter(({ role }) => role === wanted);
  return exact.length > 0
    ? exact
    : held.filter(
        ({ role }) =>
          role.startsWith(wanted) || roleNameIn(deps.policy, role).toLowerCase().startsWith(typed.toLowerCase()),
      );
}

/** Maximum for each kind: an answer can have 50 blocks, and each entry takes two. */
const MOST = { grants: 15, requests: 8 };
/** Maximum number of others to name. */
const MOST_NAMED = 40;

export const grantBlocks = ({ deps }: Call, grants: readonly LiveGrant[], again = '/jit revoke'): KnownBlock[] => [
  ...grants
    .slice(0, MOST.grants)
    .flatMap((grant): KnownBlock[] => [
      paragraph(OWN.grant(roleNameIn(deps.policy, grant.role), grantSentence(grant, grant.person.timeZone))),
      ...(grant.state === 'active'
        ? [{ type: 'actions' as const, elements: accessButtons(grant, possibleWith(deps, grant)) }]
        : []),
    ]),
  ...more(grants.slice(MOST.grants), again),
];

/** Names the others, and says what to type for one of them. */
const more = (others: readonly { readonly role: RoleKey }[], again: string): KnownBlock[] =>
  others.length === 0
    ? []
    : [
        smallPrint(
          OWN.more(
            others.length,
            others.slice(0, MOST_NAMED).map(({ role }) => role),
            again,
          ),
        ),
      ];

export const requestBlocks = ({ deps }: Call, requests: readonly Request[]): KnownBlock[] => [
  ...requests
    .slice(0, MOST.requests)
    .flatMap((request): KnownBlock[] => [
      paragraph(OWN.request(roleNameIn(deps.policy, request.role), request.id, statusSentence(request, null))),
      { type: 'actions', elements: [cancelButton(request)] },
    ]),
  ...more(requests.slice(MOST.requests), '/jit cancel'),
];
