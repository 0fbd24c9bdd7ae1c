import { type Named, type NewEvent, named } from '../domain/events.ts';
import { BOT, isSameHuman, type Person } from '../domain/person.ts';
import { type EscalationStep, isGroup, type Principal, type Stage } from '../domain/policy.ts';
import type { PendingRequest } from '../domain/request.ts';
import { type Known, known } from '../domain/terms.ts';
import { decideAgain } from './decideAgain.ts';
import type { Deps } from './deps.ts';
import { countHumans, humanBehind, humanSince } from './humans.ts';
import { peopleOnCall } from './offerAccess.ts';
import { STAFFING_STEP } from './openRequest.ts';

/** People looked up for one step; a group larger than this is asked through its name anyway. */
const MOST_PEOPLE = 20;

/**
 * Asks more people, because nobody has decided, or because the rule's own reviewers cannot: a named reviewer
 * has left, or a group holds nobody but the requester. Only people who are awake, where that can be known.
 * @param key the request's id and the step, from escalationKey
 */
export function escalateRequest(deps: Deps, key: string): Promise<null> {
  const at = key.lastIndexOf(':');
  const [requestId, step] = [key.slice(0, at), Number(key.slice(at + 1))];
  return decideAgain(async () => {
    const loaded = await deps.store.request(requestId);
    if (loaded?.value.state !== 'pending') return null;
    const request = loaded.value;
    if (request.escalations.some((done) => done.step === step)) return null;
    const rule = step === STAFFING_STEP ? await substitutes(deps, request) : request.decision.escalate[step];
    if (!rule) return null;
    const { to, passedOver } = await whomToAsk(deps, request, rule);
    const escalation = { step, at: deps.clock.now(), to: to.map(({ slackId }) => slackId) };
    const escalated: NewEvent = {
      type: 'request.escalated',
      actor: BOT,
      requestId,
      grantId: null,
      payload: {
        role: request.role,
        requester: named(request.requester),
        step,
        to: to.map(named),
        passedOver,
        page: rule.page,
      },
    };
    await deps.store.commit({
      requests: [{ value: { ...request, escalations: [...request.escalations, escalation] }, version: loaded.version }],
      events: [escalated],
    });
    return null;
  });
}

/** Whom to ask at once, where the rule's own reviewers are too few; null: they are enough. */
async function substitutes(deps: Deps, request: PendingRequest): Promise<EscalationStep | null> {
  for (const stage of request.decision.stages) {
    // One more than needed will do nearly always; where two of them are one human, all are looked up.
    if (!(await isStaffed(deps, request, stage, stage.needed + 1)) && !(await isStaffed(deps, request, stage))) {
      return (
        request.decision.escalate[0] ?? { after: 0, to: { kind: 'people', principals: deps.policy.admins }, page: null }
      );
    }
  }
  return null;
}

/** @param enough no more of its reviewers are looked up */
async function isStaffed(deps: Deps, request: PendingRequest, stage: Stage, enough?: number): Promise<boolean> {
  const able = orTryAgain(await resolve(deps, stage.reviewers, enough));
  return (await countHumans(deps, await notTheRequester(deps, request, able))) >= stage.needed;
}

/** Those who are another human than the requester, as they asked and as they are now. */
async function notTheRequester(
  deps: Deps,
  { requester }: PendingRequest,
  people: readonly Person[],
): Promise<readonly Person[]> {
  const asking = await humanSince(deps, requester);
  const humans = await Promise.all(people.map((person) => humanBehind(deps, person)));
  return people.filter((_, index) => {
    const human = humans[index];
    return human && !isSameHuman(human, asking);
  });
}

/** Nobody waits for this answer: the job is done again later. @throws the problem */
function orTryAgain<T>(answer: Known<T>): T {
  if (!answer.known) throw new Error(answer.problem);
  return answer.value;
}

/**
 * The people behind principals who are active now.
 * @param enough no more are looked up
 */
export async function resolve(
  deps: Deps,
  principals: readonly Principal[],
  enough = MOST_PEOPLE,
): Promise<Known<readonly Person[]>> {
  const groups = await deps.directory.members(principals.filter(isGroup), 'decision');
  const ids = new Set(principals.filter((id) => !isGroup(id)));
  for (const members of groups.values()) {
    if (!members.known) return members;
    for (const id of members.value) ids.add(id);
  }
  const people: Person[] = [];
  for (const id of [...ids].slice(0, MOST_PEOPLE)) {
    if (people.length >= enough) break;
    const person = await deps.directory.person(id);
    if (person.known) people.push(person.value);
  }
  return known(people);
}

async function whomToAsk(
  deps: Deps,
  request: PendingRequest,
  { to }: EscalationStep,
): Promise<{ to: readonly Person[]; passedOver: (Named & { why: string })[] }> {
  const candidates =
    to.kind === 'on_call'
      ? await peopleOnCall(deps, to.escalationPolicy, to.level)
      : orTryAgain(await resolve(deps, to.principals));
  const others = await notTheRequester(deps, request, candidates);
  const passedOver: (Named & { why: string })[] = [];
  const asked: Person[] = [];
  for (const person of candidates) {
    // Whoever is on call is there to be woken; everybody else is let sleep.
    const awake = to.kind === 'on_call' ? null : await deps.directory.isAwake(person);
    if (!others.includes(person)) passedOver.push({ ...named(person), why: 'asked for it' });
    else if (awake?.known && !awake.value) passedOver.push({ ...named(person), why: 'asleep or not to be disturbed' });
    else asked.push(person);
  }
  return { to: asked, passedOver };
}
