/** What people do: what makes sense, mostly; and whatever there is to try, sometimes hostile, sometimes twice. */

import type { LiveGrant } from '../../src/domain/grant.ts';
import { HOUR, MINUTE, type Millis } from '../../src/domain/terms.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import { breakGlass, previewEmergency, reviewUse } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { revokeAll, revokeGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { requestExtension } from '../../src/lifecycle/grant/extendGrant.ts';
import { issueCredential } from '../../src/lifecycle/grant/issueCredential.ts';
import { freeze, unfreeze } from '../../src/lifecycle/health/freeze.ts';
import { checkAuditor, reviewableBy } from '../../src/lifecycle/people/eligibility.ts';
import { previewReload, reloadPolicy } from '../../src/lifecycle/reloadPolicy.ts';
import { cancelRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { possibleNow, previewRequest } from '../../src/lifecycle/request/outlook.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { delegate, endDelegation } from '../../src/lifecycle/review/delegate.ts';
import { reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import type { Chance } from './chance.ts';
import type { Outside } from './outside.ts';
import { TEAM } from './team.ts';

const EVERYBODY = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0FARID', 'U0GRACE', 'U0NOBODY'];
const COLLEAGUES = EVERYBODY.slice(0, 5);
/** How often each is asked for. Two seats of a team at a time are what is most easily mixed up: who has one often wants the other. */
const ROLES: readonly (readonly [number, string])[] = [
  [10, 'db/read'],
  [8, 'db/admin'],
  [12, 'web/edit'],
  [5, 'web/view'],
  [6, 'team/member'],
  [6, 'team/lead'],
];
const NO_ROLES = ['db/nothing', '../db/read', ''];
const SHORT = [15 * MINUTE, 30 * MINUTE];
const DURATIONS = [...SHORT, 30 * MINUTE, HOUR];
const NO_DURATIONS = [0, -HOUR, Number.NaN, 1e15, 3 * HOUR];
const REASON = 'Checkout is slow for everybody';
const NO_REASONS = [
  '<!channel> <@U0EVE> *now* `x` '.repeat(3),
  '',
  "'; DROP TABLE events; --",
  '\u202eevil 💥',
  'x'.repeat(1_200),
];

export interface Act {
  readonly name: string;
  readonly work: () => Promise<unknown>;
}

interface Stage {
  readonly deps: Deps;
  readonly outside: Outside;
  readonly chance: Chance;
  readonly serial: () => number;
  readonly live: readonly LiveGrant[];
  readonly open: readonly OpenRequest[];
}
type OpenRequest = Awaited<ReturnType<Deps['store']['openRequests']>>[number]['value'];

/** Something that somebody does now. What it is about is looked up first: people click on what they see. */
export async function somebodyActs(
  parts: Pick<Stage, 'deps' | 'outside' | 'chance' | 'serial'> & { readonly sense: number },
): Promise<Act> {
  const { store } = parts.deps;
  const live = (await store.liveGrants({})).map(({ value }) => value);
  const open = (await store.openRequests({})).map(({ value }) => value);
  const stage: Stage = { ...parts, live, open };
  return parts.chance.happens(parts.sense) ? sensible(stage) : anything(stage);
}

const onCallNow = ({ deps, outside }: Stage): string[] =>
  [...outside.shifts.values()].filter(({ until }) => until > deps.clock.now()).map(({ slackId }) => slackId);

const membersOf = ({ outside }: Stage, principals: readonly string[]): string[] =>
  principals.flatMap((principal) => outside.workspace.groups.get(principal)?.members ?? [principal]);

async function sensible(stage: Stage): Promise<Act> {
  const { deps, outside, chance, live, open } = stage;
  const pending = open.filter((request) => request.state === 'pending');
  const active = live.filter((grant) => grant.state === 'active');
  const uses = await deps.store.unreviewedUses();
  const delegations = (await deps.store.records('delegation')).filter(({ until }) => until > deps.clock.now());
  const [review] = (await deps.store.records('access_review')).filter(({ closedAt }) => closedAt === null);
  const canExtend = active.filter(
    (grant) => grant.extension === null && grant.role !== 'team/lead' && grant.role !== 'web/view',
  );
  const choices: (readonly [number, () => Act])[] = [
    [live.length < 4 ? 30 : 8, () => asksFor(stage)],
    [pending.length > 0 ? 45 : 0, () => decides(stage, chance.pick(pending), delegations)],
    [canExtend.length > 0 ? 32 : 0, () => wantsMore(stage, chance.pick(canExtend), chance.pick(SHORT))],
    [active.length > 0 ? 4 : 0, () => ends(stage, chance.pick(active).id)],
    [active.length > 0 ? 5 : 0, () => wantsPassword(stage, chance.pick(active).id)],
    [outside.isFrozen ? 0 : 7, () => breaksGlass(stage, chance.pick(['U0BEN', 'U0DEV']), chance.pick(SHORT))],
    [uses.length > 0 ? 25 : 0, () => reviewsUse(stage, chance.pick(uses).id, 'U0EVE')],
    [delegations.length < 2 ? 8 : 1, () => namesStandIn(stage)],
    [outside.isFrozen || open.length === 0 ? 0 : 1.8, () => freezes(stage, 'U0EVE')],
    [outside.isFrozen ? 40 : 0, () => lifts(stage, 'U0EVE')],
    [active.length > 1 ? 1 : 0, () => endsAll(stage, 'U0EVE')],
    [2, () => looks(stage, chance.pick(COLLEAGUES))],
    [
      review ? 6 : 1.5,
      () =>
        review
          ? answersReview(stage, review.id, review.items.length - 1, 'U0EVE', REASON)
          : startsReview(stage, 'U0EVE'),
    ],
    [outside.policy.file === outside.policy.inForce ? 0 : 25, () => reloads(stage)],
  ];
  return chance.weighted(choices)();
}

/** Whoever asks knows the rules: on call they ask for what that gives, and name the incident. */
function asksFor(stage: Stage): Act {
  const { chance, deps } = stage;
  const onCall = onCallNow(stage);
  const isOnCall = onCall.length > 0 && chance.happens(0.5);
  const who = isOnCall ? chance.pick(onCall) : chance.pick(COLLEAGUES);
  const role = isOnCall ? chance.pick(['db/read', 'db/read', 'db/read', 'db/admin']) : chance.weighted(ROLES);
  const longest = role === 'db/read' || role === 'team/member' ? HOUR : 30 * MINUTE;
  const startsAt = chance.happens(0.22) ? deps.clock.now() + chance.pick([10 * MINUTE, 30 * MINUTE]) : null;
  return submits(stage, {
    who,
    roles: [role],
    duration: isOnCall ? longest : chance.pick([longest, 30 * MINUTE]),
    reason: REASON,
    incidentId: isOnCall && chance.happens(0.8) ? 'PINC4711' : null,
    startsAt,
  });
}

/** One of those who are asked, or whoever stands in for one of them. */
function decides(
  stage: Stage,
  request: OpenRequest & { state: 'pending' },
  delegations: readonly { from: { slackId: string }; to: { slackId: string } }[],
): Act {
  const { chance } = stage;
  const said = request.reviews.map(({ by }) => by.slackId);
  const asked = [
    ...membersOf(
      stage,
      request.decision.stages.flatMap(({ reviewers }) => reviewers),
    ),
    ...request.escalations.flatMap(({ to }) => to),
  ].filter((id) => id !== request.requester.slackId && !said.includes(id));
  const standIns = delegations.filter(({ from }) => asked.includes(from.slackId)).map(({ to }) => to.slackId);
  const from = standIns.length > 0 && chance.happens(0.6) ? standIns : asked;
  const reviewerId = from.length > 0 ? chance.pick(from) : chance.pick(COLLEAGUES);
  const isNarrowed = chance.happens(0.1) && request.extends === null;
  return reviews(stage, {
    requestId: request.id,
    reviewerId,
    verdict: chance.happens(0.85) ? 'approve' : 'deny',
    comment: REASON,
    change: isNarrowed ? { role: request.role === 'db/admin' ? 'db/read' : request.role, duration: 15 * MINUTE } : null,
  });
}

/** Whatever there is to try, with whatever there is to type, about whatever there is. */
async function anything(stage: Stage): Promise<Act> {
  const { deps, chance, live, open } = stage;
  const who = chance.pick(EVERYBODY);
  const text = () => chance.pick([REASON, ...NO_REASONS]);
  const duration = () => chance.pick([...DURATIONS, ...NO_DURATIONS]);
  const role = () => (chance.happens(0.9) ? chance.weighted(ROLES) : chance.pick(NO_ROLES));
  // Whatever is being given at this moment is what is most often in the way.
  const fresh = live.filter(({ state }) => state === 'provisioning');
  const grant = () => {
    if (live.length === 0 || chance.happens(0.1)) return 'G0NOTHING';
    return chance.pick(fresh.length > 0 && chance.happens(0.5) ? fresh : live).id;
  };
  const request = () => (open.length > 0 && chance.happens(0.9) ? chance.pick(open).id : 'R0NOTHING');
  const uses = await deps.store.unreviewedUses();
  const [review] = (await deps.store.records('access_review')).filter(({ closedAt }) => closedAt === null);
  const seat = live.find(({ person, resourceId }) => person.slackId === who && resourceId === TEAM);
  const beside = seat && (seat.role === `${TEAM}/lead` ? `${TEAM}/member` : `${TEAM}/lead`);
  const narrower = () =>
    chance.happens(0.3) ? { role: chance.pick(['db/read', 'db/admin', 'web/edit']), duration: duration() } : null;
  return chance.weighted<() => Act>([
    [
      30,
      () =>
        submits(stage, {
          who,
          roles: beside && chance.happens(0.5) ? [beside] : chance.happens(0.2) ? [role(), role()] : [role()],
          duration: duration(),
          reason: text(),
          incidentId: chance.pick(['PINC4711', 'PNOSUCH', null]),
          startsAt: chance.happens(0.1) ? deps.clock.now() + chance.pick([10 * MINUTE, HOUR, -HOUR]) : null,
        }),
    ],
    [
      25,
      () =>
        reviews(stage, {
          requestId: request(),
          reviewerId: who,
          verdict: chance.pick(['approve', 'approve', 'deny']),
          comment: text(),
          change: narrower(),
        }),
    ],
    [8, () => ends(stage, grant(), who)],
    [
      8,
      () =>
        wantsMore(stage, live.find(({ id }) => id === grant()) ?? null, duration(), chance.happens(0.5) ? who : null),
    ],
    [8, () => wantsPassword(stage, grant(), chance.happens(0.5) ? who : null)],
    [8, () => cancels(stage, request(), who)],
    [6, () => breaksGlass(stage, who, duration(), text())],
    [6, () => reviewsUse(stage, chance.pick([...uses.map(({ id }) => id), 'R0NOTHING']), who)],
    [5, () => namesStandIn(stage, who)],
    [2, () => ({ name: `${who} is back`, work: () => endDelegation(deps, who) })],
    [2, () => freezes(stage, who)],
    [8, () => lifts(stage, who)],
    [2, () => endsAll(stage, who)],
    [2, () => startsReview(stage, chance.pick([who, 'U0EVE']))],
    [
      review ? 6 : 0,
      () => answersReview(stage, review?.id ?? '', review?.items.length ?? 0, chance.pick([who, 'U0EVE']), text()),
    ],
  ])();
}

interface Submission {
  readonly who: string;
  readonly roles: readonly string[];
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
  readonly startsAt: number | null;
}

const submits = ({ deps, serial }: Stage, { who, roles, ...asked }: Submission): Act => {
  const submission = { ...asked, submissionKey: `K${serial()}`, personId: who, roles: [...roles], factor: null };
  return { name: `${who} asks for ${roles.join('+')}`, work: () => submitRequest(deps, submission) };
};

const reviews = ({ deps }: Stage, input: Omit<Parameters<typeof reviewRequest>[1], 'factor'>): Act => ({
  name: `${input.reviewerId} says ${input.verdict} to ${input.requestId}`,
  work: () => reviewRequest(deps, { ...input, factor: null }),
});

/** Whose it is, mostly; an administrator, or whoever else is named. */
const holderOf = ({ live, chance }: Stage, grantId: string): string =>
  live.find(({ id }) => id === grantId)?.person.slackId ?? chance.pick(EVERYBODY);

function ends(stage: Stage, grantId: string, who: string | null = null): Act {
  const personId = who ?? stage.chance.pick([holderOf(stage, grantId), 'U0EVE']);
  return { name: `${personId} ends ${grantId}`, work: () => revokeGrant(stage.deps, { grantId, personId }) };
}

const endsAll = ({ deps, live }: Stage, personId: string): Act => ({
  name: `${personId} ends everything`,
  work: () => revokeAll(deps, { grantIds: live.map(({ id }) => id), personId }),
});

function wantsMore(stage: Stage, grant: LiveGrant | null, duration: Millis, who: string | null = null): Act {
  const grantId = grant?.id ?? 'G0NOTHING';
  const personId = who ?? holderOf(stage, grantId);
  const input = { submissionKey: `K${stage.serial()}`, personId, grantId, duration, reason: REASON, factor: null };
  return { name: `${personId} wants more of ${grantId}`, work: () => requestExtension(stage.deps, input) };
}

function wantsPassword(stage: Stage, grantId: string, who: string | null = null): Act {
  const personId = who ?? holderOf(stage, grantId);
  return {
    name: `${personId} asks for the password of ${grantId}`,
    work: () => issueCredential(stage.deps, { grantId, personId }),
  };
}

function cancels({ deps, open, chance }: Stage, requestId: string, who: string): Act {
  const own = open.find(({ id }) => id === requestId)?.requester.slackId ?? who;
  const personId = chance.happens(0.6) ? own : who;
  return { name: `${personId} cancels ${requestId}`, work: () => cancelRequest(deps, { requestId, personId }) };
}

function breaksGlass({ deps, serial, chance }: Stage, who: string, duration: Millis, reason = REASON): Act {
  const incidentId = chance.pick(['PINC4711', null]);
  const input = {
    submissionKey: `K${serial()}`,
    personId: who,
    role: 'db/admin',
    duration,
    reason,
    incidentId,
    factor: null,
  };
  return { name: `${who} breaks the glass`, work: () => breakGlass(deps, input) };
}

function reviewsUse({ deps, chance }: Stage, requestId: string, reviewerId: string): Act {
  const input = { requestId, reviewerId, justified: chance.happens(0.5), comment: REASON };
  return { name: `${reviewerId} reviews the use ${requestId}`, work: () => reviewUse(deps, input) };
}

function namesStandIn({ deps, chance }: Stage, who: string | null = null): Act {
  const fromId = who ?? chance.pick(['U0CHLOE', 'U0CHLOE', 'U0EVE', 'U0DEV']);
  const toId = chance.pick(who ? EVERYBODY : COLLEAGUES);
  const until = deps.clock.now() + chance.pick([HOUR, 24 * HOUR, who ? 31 * 24 * HOUR : HOUR]);
  return { name: `${fromId} names ${toId} as stand-in`, work: () => delegate(deps, { fromId, toId, until }) };
}

const freezes = ({ deps }: Stage, personId: string): Act => ({
  name: `${personId} freezes`,
  work: () => freeze(deps, { personId, reason: 'something is badly wrong' }),
});

const lifts = ({ deps }: Stage, personId: string): Act => ({
  name: `${personId} lifts the freeze`,
  work: () => unfreeze(deps, { personId }),
});

const reloads = ({ deps }: Stage): Act => ({ name: 'the policy is read again', work: () => reloadPolicy(deps, null) });

const startsReview = ({ deps }: Stage, personId: string): Act => ({
  name: `${personId} starts an access review`,
  work: () => startAccessReview(deps, { personId, period: 24 * HOUR }),
});

/** Opens Home, a form and break-glass, and looks at what could be had and what is to be decided. Changes nothing. */
function looks({ deps, chance }: Stage, personId: string): Act {
  const role = chance.weighted(ROLES);
  const asked = { personId, role, duration: HOUR / 2, incidentId: 'PINC4711', reason: REASON, startsAt: null };
  return {
    name: `${personId} looks at what there is`,
    work: async () => {
      await previewRequest(deps, asked);
      await previewEmergency(deps, { ...asked, role: 'db/admin' });
      await previewReload(deps, personId);
      await checkAuditor(deps, personId);
      const person = await deps.directory.person(personId);
      if (!person.known) return;
      await possibleNow(deps, person.value);
      await reviewableBy(deps, person.value);
    },
  };
}

function answersReview(
  { deps, chance }: Stage,
  reviewId: string,
  items: number,
  personId: string,
  comment: string,
): Act {
  const item = chance.int(items + 1);
  const verdict = chance.pick(['keep', 'keep', 'keep', 'keep', 'remove'] as const);
  const input = { personId, reviewId, item, verdict, comment };
  return { name: `${personId} says ${verdict} to rule ${item}`, work: () => answerAccessReview(deps, input) };
}
