import type { EventPayloads } from '../../domain/events.ts';
import type { LiveGrant } from '../../domain/grant.ts';
import { BOT, named } from '../../domain/person.ts';
import { type Request, requestCore } from '../../domain/request.ts';
import type { Instant } from '../../domain/terms.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import type { Change, Store, Versioned } from '../../ports/store.ts';
import { revokingChange } from '../grant/endGrant.ts';
import { together } from '../together.ts';

/**
 * A copy knows nothing of what happened after it: its live access may have ended, and its pending requests may have been denied.
 * So a restore ends all of it in one commit, before the bot ever sees the database, and people ask again.
 */
export async function restoreChange(
  store: Store,
  payload: EventPayloads['ledger.restored'],
  now: Instant,
): Promise<Change> {
  const restored: Change = {
    events: [{ ...BY_BOT, type: 'ledger.restored', payload }],
    jobs: [{ kind: 'reconcile', key: JOB_KEYS.ledger, dueAt: now }],
  };
  const grants = (await store.liveGrants({})).map((grant) => endOf(grant, now));
  const requests = (await store.openRequests({})).map((request) => closingOf(request, now));
  return together([restored, ...grants, ...requests, ...(await standInsEnd(store))]);
}

function endOf({ value, version }: Versioned<LiveGrant>, now: Instant): Change {
  const jobs: Change['jobs'] = [{ kind: 'end', key: value.id, dueAt: now }];
  if (value.state !== 'active' && value.state !== 'provisioning') return { jobs };
  const { change } = revokingChange({ value, version }, { why: 'restored', by: BOT, problem: null }, now);
  return { ...change, jobs, done: [...(change.done ?? []), { kind: 'extend', key: value.id }] };
}

function closingOf({ value, version }: Versioned<Request>, now: Instant): Change {
  if (value.state !== 'pending' && value.state !== 'scheduled') return {};
  const { id, role, requester, decision } = value;
  const expired: Request = { ...requestCore(value), state: 'expired', decision, expiredAt: now };
  return {
    requests: [{ value: expired, version }],
    events: [{ ...BY_BOT, type: 'request.expired', requestId: id, payload: { role, requester: named(requester) } }],
    done: [
      { kind: 'expire', key: id },
      { kind: 'start', key: id },
    ],
  };
}

/** Ends all absences: people who came back early since the copy decide for themselves. */
async function standInsEnd(store: Store): Promise<Change[]> {
  const changes: Change[] = [];
  for (const { from, to } of await store.records('delegation')) {
    const { version } = await store.record('delegation', from.slackId);
    changes.push({
      records: [{ kind: 'delegation', key: from.slackId, value: null, version }],
      events: [{ ...BY_BOT, type: 'delegation.ended', payload: { from: named(from), to: named(to) } }],
    });
  }
  return changes;
}

const BY_BOT = { actor: BOT, requestId: null, grantId: null } as const;
