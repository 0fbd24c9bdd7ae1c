import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview.ts';
import { breakGlass, reviewUse } from '../../src/lifecycle/breakGlass.ts';
import { cancelRequest } from '../../src/lifecycle/closeRequest.ts';
import { delegate } from '../../src/lifecycle/delegate.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { revokeGrant } from '../../src/lifecycle/endGrant.ts';
import { requestExtension } from '../../src/lifecycle/extendGrant.ts';
import { freeze, unfreeze } from '../../src/lifecycle/freeze.ts';
import { issueCredential } from '../../src/lifecycle/issueCredential.ts';
import { reviewRequest } from '../../src/lifecycle/reviewRequest.ts';
import { submitRequest } from '../../src/lifecycle/submitRequest.ts';
import type { Chance } from './chance.ts';

/** What people do: mostly sensible, sometimes hostile, sometimes twice. */

const PEOPLE = ['U0ANA', 'U0BEN', 'U0CHLOE', 'U0DEV', 'U0EVE', 'U0FARID', 'U0GRACE', 'U0NOBODY'];
/** How often each is asked for. Two of a team at a time are what is most easily mixed up. */
const ROLES: readonly (readonly [number, string])[] = [
  [10, 'db/read'],
  [10, 'db/admin'],
  [10, 'web/edit'],
  [4, 'team/member'],
  [4, 'team/lead'],
  [1, 'db/nothing'],
  [1, '../db/read'],
  [1, ''],
];
const DURATIONS = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 0, -HOUR, Number.NaN, 1e15];
const TEXTS = [
  'Checkout is slow for everybody',
  '<!channel> <@U0EVE> *now* `x` '.repeat(3),
  '',
  "'; DROP TABLE events; --",
  '\u202eevil 💥',
];

export interface Act {
  readonly name: string;
  readonly work: () => Promise<unknown>;
}

/** Something that somebody does now. What it is about is looked up first: people click on what they see. */
export async function somebodyActs(deps: Deps, chance: Chance, serial: () => number): Promise<Act> {
  const { store } = deps;
  const who = chance.weighted(PEOPLE.map((id, index) => [index < 5 ? 6 : 1, id] as const));
  const live = (await store.liveGrants({})).map(({ value }) => value);
  const open = (await store.openRequests({})).map(({ value }) => value);
  const uses = await store.unreviewedUses();
  const text = () => chance.weighted(TEXTS.map((one, index) => [index === 0 ? 12 : 1, one] as const));
  const duration = () => chance.weighted(DURATIONS.map((one, index) => [index < 4 ? 8 : 1, one] as const));
  const role = () => chance.weighted(ROLES);
  // Whatever is being given at this moment is what is most often in the way.
  const fresh = live.filter(({ state }) => state === 'provisioning');
  const grant = () => {
    if (live.length === 0 || chance.happens(0.1)) return 'G0NOTHING';
    return chance.pick(fresh.length > 0 && chance.happens(0.5) ? fresh : live).id;
  };
  const request = () => (open.length > 0 && chance.happens(0.9) ? chance.pick(open).id : 'R0NOTHING');
  /** Whose it is, mostly; anybody, sometimes. */
  const ownerOf = (grantId: string) =>
    chance.happens(0.8) ? (live.find(({ id }) => id === grantId)?.person.slackId ?? who) : who;
  const key = `K${serial()}`;
  const admin = chance.happens(0.7) ? 'U0EVE' : who;

  const choices: (readonly [number, () => Act])[] = [
    [
      30,
      () => {
        const roles = chance.happens(0.2) ? [role(), role()] : [role()];
        const incidentId = chance.happens(0.4) ? chance.pick(['PINC4711', 'PINC4711', 'PNOSUCH']) : null;
        const startsAt = chance.happens(0.1) ? deps.clock.now() + chance.pick([10 * MINUTE, HOUR, -HOUR]) : null;
        const submission = {
          submissionKey: key,
          personId: who,
          roles,
          duration: duration(),
          reason: text(),
          incidentId,
          startsAt,
          factor: null,
        };
        return { name: `${who} asks for ${roles.join('+')}`, work: () => submitRequest(deps, submission) };
      },
    ],
    [
      open.length > 0 ? 30 : 1,
      () => {
        const verdict = chance.happens(0.8) ? ('approve' as const) : ('deny' as const);
        const asked = open.find(({ id }) => id === request());
        const change =
          asked && chance.happens(0.15)
            ? { role: chance.pick(['db/read', 'db/admin', asked.role]), duration: duration() }
            : null;
        const input = {
          requestId: asked?.id ?? request(),
          reviewerId: who,
          verdict,
          comment: text(),
          change,
          factor: null,
        };
        return { name: `${who} says ${verdict} to ${input.requestId}`, work: () => reviewRequest(deps, input) };
      },
    ],
    [
      8,
      () => {
        const grantId = grant();
        const personId = ownerOf(grantId);
        return { name: `${personId} ends ${grantId}`, work: () => revokeGrant(deps, { grantId, personId }) };
      },
    ],
    [
      8,
      () => {
        const grantId = grant();
        const input = {
          submissionKey: key,
          personId: ownerOf(grantId),
          grantId,
          duration: duration(),
          reason: text(),
          factor: null,
        };
        return { name: `${input.personId} wants more of ${grantId}`, work: () => requestExtension(deps, input) };
      },
    ],
    [
      8,
      () => {
        const grantId = grant();
        const personId = ownerOf(grantId);
        return {
          name: `${personId} asks for the password of ${grantId}`,
          work: () => issueCredential(deps, { grantId, personId }),
        };
      },
    ],
    [
      6,
      () => {
        const requestId = request();
        return { name: `${who} cancels ${requestId}`, work: () => cancelRequest(deps, { requestId, personId: who }) };
      },
    ],
    [
      5,
      () => {
        const input = {
          submissionKey: key,
          personId: who,
          role: 'db/admin',
          duration: duration(),
          reason: text(),
          incidentId: null,
          factor: null,
        };
        return { name: `${who} breaks the glass`, work: () => breakGlass(deps, input) };
      },
    ],
    [
      uses.length > 0 ? 6 : 1,
      () => {
        const requestId = uses[0]?.id ?? 'R0NOTHING';
        return {
          name: `${who} reviews the use ${requestId}`,
          work: () => reviewUse(deps, { requestId, reviewerId: who, justified: chance.happens(0.5), comment: text() }),
        };
      },
    ],
    [
      5,
      () => {
        const toId = chance.pick(chance.happens(0.8) ? PEOPLE.slice(0, 5) : PEOPLE);
        return {
          name: `${who} names ${toId} as stand-in`,
          work: () => delegate(deps, { fromId: who, toId, until: deps.clock.now() + chance.pick([HOUR, 24 * HOUR]) }),
        };
      },
    ],
    [
      3,
      () => ({
        name: `${admin} freezes`,
        work: () => freeze(deps, { personId: admin, reason: 'something is badly wrong' }),
      }),
    ],
    [4, () => ({ name: `${who} lifts the freeze`, work: () => unfreeze(deps, { personId: who }) })],
    [
      1,
      () => ({
        name: `${who} starts an access review`,
        work: () => startAccessReview(deps, { personId: who, period: 24 * HOUR }),
      }),
    ],
  ];
  const [review] = (await store.records('access_review')).filter(({ closedAt }) => closedAt === null);
  if (review)
    choices.push([
      4,
      () => {
        const input = {
          personId: who,
          reviewId: review.id,
          item: chance.int(review.items.length + 1),
          verdict: chance.pick(['keep', 'keep', 'remove'] as const),
          comment: text(),
        };
        return {
          name: `${who} says ${input.verdict} to rule ${input.item}`,
          work: () => answerAccessReview(deps, input),
        };
      },
    ]);
  return chance.weighted(choices)();
}
