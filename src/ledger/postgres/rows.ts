/** Shared by the store's reads: conditions on a human, and which grants are live. */

import { LIVE_STATES } from '../../domain/grant.ts';
import type { Human } from '../../domain/person.ts';
import { inArray, or } from './drizzle.ts';
import { grants, requests } from './schema.ts';

export const isLiveRow = () => inArray(grants.state, [...LIVE_STATES]);

export const requestedBy = ({ accounts, mailboxes }: Human) =>
  or(inArray(requests.requester, [...accounts]), inArray(requests.mailbox, [...mailboxes]));

export const heldBy = ({ accounts, mailboxes }: Human) =>
  or(inArray(grants.person, [...accounts]), inArray(grants.mailbox, [...mailboxes]));
