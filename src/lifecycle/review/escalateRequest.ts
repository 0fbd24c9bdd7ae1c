import type { NewEvent } from '../../domain/events.ts';
import { BOT, isSameHuman, type Named, named, type Person } from '../../domain/person.ts';
import type { EscalationStep, Stage } from '../../domain/policy.ts';
import type { Escalation, PendingRequest } from '../../domain/request.ts';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { Deps } from '../deps.ts';
import { peopleNamed, peopleOnCall } from '../people/candidates.ts';
import { countHumans, humanBehind, humanSince } from '../people/humans.ts';
import { STAFFING_STEP } from '../request/requestChange.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

/** Shortest pause before a step is retried. Pauses grow the longer it is unknown whom to ask. */
const SHORTEST_PAUSE: Millis = MINUTE;
const LONGEST_PAUSE: Millis = 10 * MINUTE;

/**
 * Asks more people, because nobody has decided, or because the rule's own reviewers cannot: a named reviewer
 * has left, or a group has no member but the requester. Asks only people who are awake, if that is known.
 * If others are unknown, the known ones are asked now, and the rest is retried.
 * @param key the request's id and the step, from escalationKey
 */
export function escalateRequest(deps: Deps, key: string): Promise<{ notBefore: Instant } | null> {
  const at = key.lastIndexOf(':');
  const [requestId, step] = [key.slice(0, at), Number(key.slice(at + 1))];
  return retryOnConflict(async () => {
    const loaded = await deps.store.request(requestId);
    if (loaded?.value.state !== 'pending') return null;
    const request = loaded.value;
    const before = request.escalations.filter((done) => done.step === step);
    if (before.some(({ unseen }) => unseen === undefined)) return null;
    const rule = step === STAFFING_STEP ? await substitutes(deps, request) : request.decision.escalate[step];
    if (rule === 'not_known') return { notBefore: deps.clock.now() + SHORTEST_PAUSE };
    if (!rule) return null;
    const asking = await whomToAsk(deps, request, rule, before);
    const isNews = asking.to.length > 0 || before.length === 0;
    const wasNobodyAsked = before.every(({ to }) => to.length === 0);
    if (isNews || (asking.unseen === null && wasNobodyAsked)) {
      const now = deps.clock.now();
      const unseen = asking.unseen === null ? {} : { unseen: asking.unseen };
      const escalation = { step, at: now, to: asking.to.map(({ slackId }) => slackId), ...unseen };
      const value = { ...request, escalations: [...request.escalations, escalation] };
      await deps.store.commit({
        requests: [{ value, version: loaded.version }],
        // Each person is paged once per step.
        events: [escalated(request, { ...asking, step, page: before.length === 0 ? await paged(deps, rule) : null })],
      });
    }
    return asking.unseen === null ? null : { notBefore: tryAgainAt(deps.clock.now(), before) };
  });
}

function tryAgainAt(now: Instant, before: readonly Escalation[]): Instant {
  const since = now - (before[0]?.at ?? now);
  return now + Math.min(Math.max(since, SHORTEST_PAUSE), LONGEST_PAUSE);
}

interface Paged {
  readonly id: string;
  /** Absent if PagerDuty does not answer: the page goes out without it. */
  readonly name?: string;
}

async function paged({ onCall }: Deps, { page }: EscalationStep): Promise<Paged | null> {
  if (page === null) return null;
  const name = await onCall.nameOf('service', page);
  return name.known ? { id: page, name: name.value } : { id: page };
}

const escalated = (
  { id, role, requester }: PendingRequest,
  { to, passedOver, unseen, step, page }: Asking & { readonly step: number; readonly page: Paged | null },
): NewEvent => ({
  type: 'request.escalated',
  actor: BOT,
  requestId: id,
  grantId: null,
  payload: {
    role,
    requester: named(requester),
    step,
    to: to.map(named),
    passedOver,
    page: page?.id ?? null,
    ...(page?.name !== undefined && { pageName: page.name }),
    ...(unseen !== null && { unseen }),
  },
});

/**
 * Whom to ask at once if the rule's own reviewers are too few.
 * @returns null if they are enough; `not_known` if too few were seen and others could not be looked up now
 */
async function substitutes(deps: Deps, request: PendingRequest): Promise<EscalationStep | 'not_known' | null> {
  for (const stage of request.decision.stages) {
    // One more than needed is usually enough; if two of them are one human, all are looked up.
    const first = await staffing(deps, request, stage, stage.needed + 1);
    const found = first === 'too_few' ? await staffing(deps, request, stage) : first;
    if (found === 'not_known') return 'not_known';
    if (found === 'enough') continue;
    return (
      request.decision.escalate[0] ?? { after: 0, to: { kind: 'people', principals: deps.policy.admins }, page: null }
    );
  }
  return null;
}

/** @param enough stops looking up reviewers after this many */
async function staffing(
  deps: Deps,
  request: PendingRequest,
  stage: Stage,
  enough?: number,
): Promise<'enough' | 'too_few' | 'not_known'> {
  const { people, unseen } = await peopleNamed(deps, stage.reviewers, enough);
  if ((await countHumans(deps, await notTheRequester(deps, request, people))) >= stage.needed) return 'enough';
  return unseen.length > 0 ? 'not_known' : 'too_few';
}

/** The people who are not the same human as the requester, by their earlier or current identity. */
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

interface Asking {
  readonly to: readonly Person[];
  readonly passedOver: readonly (Named & { why: string })[];
  /** Why the list may be incomplete; null if it is complete. */
  readonly unseen: string | null;
}

/** @param before the outcome of earlier tries of the step, so that nobody is asked twice */
async function whomToAsk(
  deps: Deps,
  request: PendingRequest,
  { to }: EscalationStep,
  before: readonly Escalation[],
): Promise<Asking> {
  const { people, gone, unseen } =
    to.kind === 'on_call'
      ? await peopleOnCall(deps, to.escalationPolicy, to.level)
      : await peopleNamed(deps, to.principals);
  const already = new Set(before.flatMap((earlier) => earlier.to));
  const candidates = people.filter(({ slackId }) => !already.has(slackId));
  const others = await notTheRequester(deps, request, candidates);
  const passedOver: (Named & { why: string })[] = [...gone];
  const asked: Person[] = [];
  for (const person of candidates) {
    // People on call may be woken; everybody else may sleep.
    const awake = to.kind === 'on_call' ? null : await deps.directory.isAwake(person);
    if (!others.includes(person)) passedOver.push({ ...named(person), why: 'asked for it' });
    else if (awake?.known && !awake.value) passedOver.push({ ...named(person), why: 'asleep or not to be disturbed' });
    else asked.push(person);
  }
  return { to: asked, passedOver, unseen: unseen.length > 0 ? unseen.join('; ') : null };
}
