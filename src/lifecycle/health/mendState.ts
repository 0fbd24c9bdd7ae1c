/**
 * Somebody with the database file can change the bot's state without changing the events: a grant whose
 * end is not due work would be access for ever. Differences from the events are found at start and resolved in
 * the safe direction: access ends.
 */

import type { LedgerEvent } from '../../domain/events.ts';
import type { Grant, RevokingGrant } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import type { Request } from '../../domain/request.ts';
import { counted } from '../../domain/text.ts';
import type { StateFinding } from '../../ports/state.ts';
import { StorageError } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { type MendDeps, mendRecords } from './mendRecords.ts';

export interface Mended {
  /** What was tampered with, for people; null if nothing was. */
  readonly problem: string | null;
  /** Grants that could not be mended now. */
  readonly left: number;
}

type Bent = StateFinding & { kind: 'bent' };

/** Limit of findings named to people; the log has all. */
const MOST_NAMED = 3;

export async function mendState(mend: MendDeps): Promise<Mended> {
  const { deps, check } = mend;
  const problems: string[] = [];
  let left = 0;
  for (const id of await check.suspects()) {
    try {
      const problem = await deps.grantLock(id, () => mendGrant(mend, id));
      if (problem !== null) problems.push(problem);
    } catch (error) {
      left += 1;
      problems.push(`grant ${id} could not be put right`);
      deps.log.error({ err: error, grantId: id }, 'a grant that differs from the ledger could not be corrected');
      if (error instanceof StorageError) break;
    }
  }
  await putBackRequests(mend);
  problems.push(...(await mendRecords(mend)));
  const named = problems.slice(0, MOST_NAMED).join('; ');
  const more = problems.length > MOST_NAMED ? `; and ${counted(problems.length - MOST_NAMED, 'more', 'more')}` : '';
  return {
    problem: problems.length === 0 ? null : `the database was changed beside the ledger: ${named}${more}`,
    left,
  };
}

/** @returns what was tampered with; null if nothing was, or only its due end was missing and is restored */
async function mendGrant(mend: MendDeps, id: string): Promise<string | null> {
  const { deps, check } = mend;
  const finding = await check.look(id);
  if (finding === null) return null;
  if (finding.kind === 'not_due') {
    const { grant, jobs } = finding;
    await deps.store.commit({ jobs });
    const kinds = jobs.map(({ kind }) => kind);
    deps.log.error(
      { grantId: id, role: grant.role, kinds },
      'the due work that ends live access was missing; it was restored',
    );
    return null;
  }
  deps.log.error({ grantId: id, problem: finding.problem }, 'a grant differs from the ledger; it is taken back now');
  await endBent(mend, id, finding);
  return `grant ${id}: ${finding.problem}; it is being taken back`;
}

/** Ends what the events say was given, whatever its row says. */
async function endBent({ deps, events, check }: MendDeps, id: string, finding: Bent): Promise<void> {
  const found = await Promise.all(finding.events.map((seq) => events.get(seq)));
  const history = found.filter((event) => event !== null);
  const grant = revokingOf(deps, id, finding, history);
  if (grant === null) throw new Error(`neither its row nor any event says what grant ${id} gave; look at the target`);
  await check.realign(grant);
  const request = await deps.store.request(grant.requestId);
  await deps.store.commit({
    ...(request ? {} : { requests: [{ value: requestOf(grant, history), version: 0 }] }),
    grants: [{ value: grant, version: finding.version ?? 0 }],
    events: [
      {
        type: 'grant.revoking',
        actor: BOT,
        requestId: grant.requestId,
        grantId: id,
        payload: {
          role: grant.role,
          person: { slackId: grant.person.slackId, name: grant.person.name },
          why: grant.why,
          problem: grant.problem,
        },
      },
    ],
    jobs: [{ kind: 'end', key: id, dueAt: deps.clock.now() }],
    done: [{ kind: 'provision', key: id }],
  });
}

const find = <T extends LedgerEvent['type']>(history: readonly LedgerEvent[], type: T) =>
  history.find((event): event is LedgerEvent & { type: T } => event.type === type);

/** Person and role as the events say; the rest as the row says, if there is one. */
function revokingOf(
  deps: Deps,
  id: string,
  { row, problem }: Bent,
  history: readonly LedgerEvent[],
): RevokingGrant | null {
  const now = deps.clock.now();
  const own = history.filter(({ grantId }) => grantId === id);
  const intent = find(own, 'grant.provisioning');
  const submitted = find(history, 'request.submitted');
  const activated = find(own, 'grant.activated');
  const ending = { why: 'revoked', by: BOT, problem, state: 'revoking', since: now } as const;
  if (!intent || !submitted) return row ? { ...coreOf(row), ...ending } : null;
  const { role, gives } = intent.payload;
  const resourceId = role.split('/')[0] ?? role;
  const before = row ? coreOf(row) : null;
  return {
    id,
    requestId: submitted.requestId ?? '',
    person: submitted.payload.requester,
    resourceId,
    place: gives ? gives.place : (before?.place ?? deps.targets.placeOf(resourceId)),
    role,
    grants: gives ? gives.grants : (before?.grants ?? findRole(deps.policy, role)?.gives ?? {}),
    duration: intent.payload.duration,
    ties: before?.ties ?? { window: null, shift: null, incident: null, inPagerDuty: false },
    intendedAt: intent.at,
    endsAt: intent.payload.endsAt,
    endsBecause: 'expired',
    activation: activated ? { at: activated.at, account: activated.payload.account } : null,
    ...ending,
  };
}

/** The fields that every state of a grant has. */
function coreOf(grant: Grant) {
  const { id, requestId, person, resourceId, place, role, grants, duration, ties, intendedAt, endsAt, endsBecause } =
    grant;
  const activation = 'activation' in grant ? grant.activation : null;
  return {
    id,
    requestId,
    person,
    resourceId,
    place,
    role,
    grants,
    duration,
    ties,
    intendedAt,
    endsAt,
    endsBecause,
    activation,
  };
}

/** Rebuilds the request of a grant whose row is gone too. */
function requestOf(grant: RevokingGrant, history: readonly LedgerEvent[]): Request {
  const submitted = find(history, 'request.submitted');
  if (!submitted) throw new Error(`no event says what request ${grant.requestId} was`);
  const { requester, role, duration, reason, incidentId, startsAt, decision } = submitted.payload;
  if (decision.effect === 'deny') throw new Error(`request ${grant.requestId} was denied, and a grant names it`);
  return {
    id: grant.requestId,
    bundle: grant.requestId,
    submissionKey: `restored:${grant.requestId}`,
    requester,
    role,
    duration,
    reason,
    incidentId,
    submittedAt: submitted.at,
    startsAt,
    extends: null,
    askedFor: null,
    signals: [],
    state: 'approved',
    decision,
    reviews: [],
    approvedAt: grant.intendedAt,
    grantId: grant.id,
    useReview: null,
  };
}

async function putBackRequests({ deps, check }: MendDeps): Promise<void> {
  const jobs = await check.idleRequests(deps.clock.now());
  if (jobs.length === 0) return;
  await deps.store.commit({ jobs });
  deps.log.error(
    { requests: jobs.map(({ key }) => key) },
    'the due work that ends open requests was missing; it was restored',
  );
}
