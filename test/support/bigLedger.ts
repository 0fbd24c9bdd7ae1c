import type { NewEvent } from '../../src/domain/events.ts';
import { BOT, type Person, personActor } from '../../src/domain/person.ts';
import { known, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { manualClock } from './clock.ts';

/** A ledger as a team would have it after a long time, made fast: nothing of it has to survive a crash. */
export interface BigLedger {
  readonly path: string;
  readonly accesses: number;
  readonly people: number;
  readonly start: number;
  /** Between the beginnings of two accesses, in milliseconds. */
  readonly every: number;
  /** What everybody is called. */
  readonly name?: string;
}

const ROLES = 40;
const DURATION = 30 * MINUTE;

export const bigPerson = (index: number): Person => ({
  slackId: `U0P${String(index).padStart(5, '0')}`,
  name: `Person Number ${index}`,
  email: `person${index}@harbor.example`,
  timeZone: 'Europe/Berlin',
});

/** Eight events an access; every fifth one reviewed, every fiftieth break-glass. @returns the time of the last event */
export async function makeBigLedger({ path, accesses, people, start, every, name }: BigLedger): Promise<number> {
  const ledger = openLedger(path);
  ledger.sqlite.pragma('synchronous = OFF');
  const clock = manualClock(start);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (let index = 0; index < accesses; index += 1) {
    clock.advance(start + Math.round(index * every) - clock.now());
    await commitAccess(store, clock, index, { people, name });
  }
  ledger.close();
  return clock.now();
}

async function commitAccess(
  store: ReturnType<typeof createStore>,
  clock: ReturnType<typeof manualClock>,
  index: number,
  { people, name }: { people: number; name: string | undefined },
): Promise<void> {
  const usual = bigPerson((index * 7919) % people);
  const person = { ...usual, name: name ?? usual.name };
  const reviewer = bigPerson((index * 104_729 + 1) % people);
  const role = `service-${index % ROLES}/read`;
  const ids = { requestId: `R${String(index).padStart(10, '0')}`, grantId: `G${String(index).padStart(10, '0')}` };
  const named = { slackId: person.slackId, name: person.name };
  const by = index % 50 === 0 ? 'break_glass' : index % 5 === 0 ? 'reviewers' : 'policy';
  const at = clock.now();
  const endsAt = at + DURATION;
  const outcomes = [
    {
      rule: 1,
      effect: 'deny',
      outcome: 'not_met',
      reasons: ['not a member of S0ENGINEERS'],
      principals: ['S0ENGINEERS'],
    },
    { rule: 2, effect: 'allow', outcome: 'met', reasons: ['on call at level 1 for Payments'], principals: [] },
  ] as const;
  const decision = {
    effect: 'allow',
    rule: 2,
    reasons: ['on call at level 1 for Payments'],
    outcomes,
    proof: { onCall: null, incident: null },
    maxDuration: null,
  } as const;
  const evidence = {
    at,
    onCall: known([]),
    incident: null,
    groups: { S0ENGINEERS: known(true) },
    history: null,
    removals: known([]),
    signals: known([]),
    opa: null,
  };
  const input = { at, personId: person.slackId, duration: DURATION, evidence };
  const submitted: NewEvent = {
    type: 'request.submitted',
    actor: personActor(person),
    requestId: ids.requestId,
    grantId: null,
    payload: {
      role,
      requester: person,
      duration: DURATION,
      reason: `Looking at stuck item ${index}`,
      incidentId: null,
      startsAt: null,
      extends: null,
      policyHash: 'x'.repeat(64),
      input,
      decision,
    },
  };
  await store.commit({ events: [submitted] });
  clock.advance(by === 'reviewers' ? MINUTE : SECOND);
  const review: NewEvent = {
    type: 'review.recorded',
    actor: personActor(reviewer),
    requestId: ids.requestId,
    grantId: null,
    payload: { role, verdict: 'approve', comment: '', onBehalfOf: null, policyHash: 'x'.repeat(64), input, decision },
  };
  const provisioning: NewEvent = {
    type: 'grant.provisioning',
    actor: BOT,
    ...ids,
    payload: { role, person: named, duration: DURATION, endsAt },
  };
  await store.commit({
    events: [
      ...(by === 'reviewers' ? [review] : []),
      {
        type: 'request.approved',
        actor: by === 'reviewers' ? personActor(reviewer) : BOT,
        ...ids,
        payload: {
          role,
          requester: named,
          by,
          approvers: by === 'reviewers' ? [{ slackId: reviewer.slackId, name: reviewer.name }] : [],
          startsAt: null,
        },
      },
      provisioning,
    ],
  });
  clock.advance(SECOND);
  await store.commit({
    events: [
      {
        type: 'grant.activated',
        actor: BOT,
        ...ids,
        payload: { role, person: named, account: `jit_${index}`, endsAt },
      },
    ],
  });
  clock.advance(SECOND);
  await store.commit({
    events: [
      ...(index % 3 === 0
        ? []
        : [
            {
              type: 'credential.issued',
              actor: personActor(person),
              ...ids,
              payload: { role, person: named, account: `jit_${index}` },
            } as const,
          ]),
    ],
  });
  clock.advance(SECOND);
  await store.commit({
    events: [
      { type: 'grant.revoking', actor: BOT, ...ids, payload: { role, person: named, why: 'expired', problem: null } },
      { type: 'grant.ended', actor: BOT, ...ids, payload: { role, person: named, why: 'expired' } },
    ],
  });
}
