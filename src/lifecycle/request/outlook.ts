import { inSlices } from '../../concurrency/slices.ts';
import type { Human, Person } from '../../domain/person.ts';
import { findRole, type Role, roleKey } from '../../domain/policy.ts';
import { isRefused, type Refused, refuse } from '../../domain/refusal.ts';
import type { Known } from '../../domain/terms.ts';
import { known, unknown } from '../../domain/terms.ts';
import type { Purpose } from '../../ports/evidence.ts';
import type { Deps } from '../deps.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { humanBehind } from '../people/humans.ts';
import { type DecidedRequest, decide, type Question } from './decide.ts';
import { mayBeGiven, refusalReason, type Wanted } from './mayBeGiven.ts';

export interface Wish {
  readonly role: Role;
  readonly person: Person;
  readonly human: Human;
  /** null if nothing is filled in yet, so that nothing can be wrong with it. */
  readonly form: Wanted['form'] | null;
  /** `earlier` if codes are not checked here. */
  readonly factor: Wanted['factor'];
  readonly question: Omit<Question, 'person' | 'requestId'>;
}

/** The decision, or what would prevent access whatever the policy says. Changes nothing. */
export async function wouldPass(deps: Deps, wish: Wish, purpose: Purpose): Promise<DecidedRequest | Refused> {
  const { role, person, human, form, factor, question } = wish;
  const wrong = await mayBeGiven(deps, { role, person, form, factor });
  if (wrong) return refuse(wrong);
  const key = roleKey(role);
  const [live, pending] = await Promise.all([
    question.startsAt === null ? deps.store.liveGrantOf(human, key) : null,
    deps.store.pendingRequestOf(human, key),
  ]);
  if (live) return refuse({ code: 'already_holds', role: key, until: live.value.endsAt });
  if (pending) return refuse({ code: 'already_pending', role: key, requestId: pending.value.id });
  return decide(deps, role, { ...question, person, requestId: null }, purpose);
}

/** Previews a request by the person's id. A submission decides again on fresh evidence. */
export async function previewRequest(
  deps: Deps,
  asked: { personId: string; role: string } & Wish['question'],
): Promise<DecidedRequest | Refused> {
  const role = findRole(deps.policy, asked.role);
  if (!role) return refuse({ code: 'unknown_role', role: asked.role });
  const person = await deps.directory.person(asked.personId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const human = await humanBehind(deps, person.value);
  const wish = { role, person: person.value, human, form: null, factor: 'earlier' as const, question: asked };
  return wouldPass(deps, wish, 'preview');
}

/** The incident that a request is for if the requester names none: the open one, if there is only one. */
export const onlyOne = (incidents: readonly { readonly id: string }[]): string | null =>
  incidents.length === 1 ? (incidents[0]?.id ?? null) : null;

/** The incident of a request that names none. null if PagerDuty does not answer. */
export async function usualIncident(deps: Pick<Deps, 'onCall'>, person: Person): Promise<string | null> {
  const incidents = await deps.onCall.openIncidents(person);
  return incidents.known ? onlyOne(incidents.value) : null;
}

export interface Possible {
  readonly role: Role;
  readonly outlook: DecidedRequest | Refused;
}

/** Roles that are decided before others get their turn: about 10 ms. */
const SLICE = 50;
/** Roles for which everything is looked up. The rest are listed as possible without a decision. */
const LOOKED_AT = 25;

/**
 * What somebody could ask for now: automatic first, then reviewed, then what they hold or wait for. Denied roles are left out.
 * @returns unknown with the reason, if granting is blocked
 */
export async function possibleNow(deps: Deps, person: Person): Promise<Known<readonly Possible[]>> {
  const freeze = await grantingBlocked(deps);
  if (freeze) return unknown(refusalReason(freeze));
  const [human, incidentId] = await Promise.all([humanBehind(deps, person), usualIncident(deps, person)]);
  const roles = [...deps.policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const about = (role: Role) => ({ duration: role.duration.default, incidentId, reason: '', startsAt: null });
  const look = {};
  const decided = await inSlices(roles, SLICE, (role) =>
    decide(deps, role, { ...about(role), person, requestId: null, look }, 'preview'),
  );
  const order = { allow: 0, ask: 1, deny: 2 };
  const found = decided
    .filter(({ decision }) => decision.effect !== 'deny')
    .sort((a, b) => order[a.decision.effect] - order[b.decision.effect]);
  const looked = await Promise.all(
    found.slice(0, LOOKED_AT).map(async ({ role }): Promise<Possible> => {
      const wish = { role, person, human, form: null, factor: 'earlier' as const, question: about(role) };
      return { role, outlook: await wouldPass(deps, wish, 'preview') };
    }),
  );
  const rest = found.slice(LOOKED_AT).map((one): Possible => ({ role: one.role, outlook: one }));
  const open = [...looked, ...rest].filter(({ outlook }) => !isRefused(outlook));
  const taken = looked.filter(({ outlook }) => isRefused(outlook) && TAKEN.has(outlook.refused.code));
  return known([...open, ...taken]);
}

/** Refusals because somebody already has, or has asked for, the role. */
const TAKEN: ReadonlySet<Refused['refused']['code']> = new Set(['already_holds', 'already_pending']);
