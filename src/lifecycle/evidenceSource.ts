import type { Removal } from '../domain/accessReview.ts';
import type { Evidence, History, OnCallEntry } from '../domain/evidence.ts';
import { type Human, humanOf, mailboxOf, type Person } from '../domain/person.ts';
import { evidenceNeeded, type Policy, type Role, roleKey } from '../domain/policy.ts';
import { type RequestSignal, requestSignals, type Signal } from '../domain/signals.ts';
import { type Known, known, type Millis, unknown } from '../domain/terms.ts';
import type { EvidenceSource, Purpose } from '../ports/evidence.ts';
import type { Clock } from '../ports/host.ts';
import type { ActivityReader } from '../ports/ledger.ts';
import type { OnCall } from '../ports/pagerDuty.ts';
import type { Directory } from '../ports/people.ts';
import type { OpaQuestion, PolicyEngine } from '../ports/policy.ts';
import type { PastAndHolders, Store } from '../ports/store.ts';
import { askedOnce } from './askedOnce.ts';
import { humanBehind } from './people/humans.ts';

interface Sources {
  readonly onCall: Pick<OnCall, 'entries' | 'incident' | 'knows'>;
  readonly directory: Pick<Directory, 'person' | 'personByEmail' | 'hasLeft' | 'members'>;
  readonly store: Pick<Store, 'history' | 'record' | 'accountsOf'>;
  readonly activity: ActivityReader;
  readonly engine: PolicyEngine;
  readonly clock: Pick<Clock, 'now'>;
  /** The policy in force. */
  readonly policy: () => Pick<Policy, 'samePerson'>;
}

/** Asks PagerDuty, Slack and the store in parallel for exactly what the role's policy depends on. */
export function evidenceSource(sources: Sources): EvidenceSource {
  const looks = new WeakMap<object, Sources>();
  const sourcesFor = (look: object | undefined): Sources => {
    if (!look) return sources;
    const shared = looks.get(look) ?? askingOnce(sources);
    looks.set(look, shared);
    return shared;
  };
  return {
    gather: async (role, { look, ...ask }, purpose): Promise<Evidence> => {
      const sources = sourcesFor(look);
      const { onCall, directory, clock, policy } = sources;
      const { person, incidentId, at, requestId } = ask;
      const needed = evidenceNeeded(role);
      const about = { ...(at !== null && { at }), overrides: needed.overrides };
      const now = clock.now();
      const human = humanBehind({ directory, policy: policy() }, person);
      const [entries, incident, members, accounts, past, signals, removals] = await Promise.all([
        needed.onCall ? onCall.entries(person, purpose, about) : null,
        // If no rule depends on the incident, it is only shown to people: the preview's answer is good enough.
        incidentId ? onCall.incident(incidentId, needed.incident ? purpose : 'preview') : null,
        directory.members(needed.groups, purpose),
        human.then((human) => accountsOf(sources, person, human)),
        human.then((human) => {
          if (!needed.history) return null;
          return human.unseen
            ? unknown(human.unseen)
            : pastOf(sources, { ...needed.history, person, human, requestId });
        }),
        human.then((human) => behaviourOf(sources, person, human, role.resourceId)),
        removedFrom(sources, roleKey(role)),
      ]);
      const otherAccounts = accounts.filter((id) => id !== person.slackId);
      const isAskedOfOthers = needed.onCall && otherAccounts.length > 0;
      const othersOnCall = isAskedOfOthers ? await onCallOf(sources, otherAccounts, purpose, about) : null;
      const groups: Record<string, Known<boolean>> = {};
      for (const [group, answer] of members) groups[group] = membership(group, answer, { person, otherAccounts });
      return {
        at: clock.now(),
        onCall: entries,
        incident,
        groups,
        ...(otherAccounts.length > 0 && { otherAccounts }),
        ...(othersOnCall && { othersOnCall }),
        history: past,
        removals,
        signals,
        opa: await engineSays(sources, role, { ask, at: at ?? now, otherAccounts, entries, incident }),
      };
    },
  };
}

/** Asks each question once. Failures are shared too: otherwise thousands of roles would each wait for a service that is down. */
const askingOnce = ({ onCall, directory, store, activity, ...others }: Sources): Sources => ({
  ...others,
  activity: { ...activity, asking: askedAnywhere(activity, others.clock) },
  onCall: {
    entries: askedOnce((...asked) => onCall.entries(...asked)),
    incident: askedOnce((...asked) => onCall.incident(...asked)),
    knows: askedOnce((...asked) => onCall.knows(...asked)),
  },
  directory: {
    person: askedOnce((...asked) => directory.person(...asked)),
    personByEmail: askedOnce((...asked) => directory.personByEmail(...asked)),
    hasLeft: askedOnce((...asked) => directory.hasLeft(...asked)),
    members: askedOnce((...asked) => directory.members(...asked)),
  },
  store: {
    history: (...asked) => store.history(...asked),
    record: (...asked) => store.record(...asked),
    accountsOf: askedOnce((...asked) => store.accountsOf(...asked)),
  },
});

/** Reads the ledger once per person, for all resources that are asked about. */
function askedAnywhere(activity: ActivityReader, clock: Sources['clock']): ActivityReader['asking'] {
  const habits = askedOnce((accounts: readonly string[]) => activity.askingAnywhere(accounts, clock.now()));
  return async (accounts, resource) => {
    const { resources, ...asked } = await habits(accounts);
    return { ...asked, knowsResource: resources.has(resource) };
  };
}

type About = Parameters<EvidenceSource['gather']>[1];

/** The answer of the role's policy engine, if it has one. */
async function engineSays(
  { engine }: Pick<Sources, 'engine'>,
  role: Role,
  {
    ask,
    at,
    otherAccounts,
    entries,
    incident,
  }: Required<Pick<OpaQuestion, 'at' | 'otherAccounts' | 'incident'>> & {
    readonly ask: About;
    readonly entries: Evidence['onCall'];
  },
): Promise<Evidence['opa']> {
  if (!role.opa) return null;
  const { person, duration, reason } = ask;
  return engine.ask(role.opa, {
    at,
    person,
    otherAccounts,
    role: roleKey(role),
    duration,
    reason,
    onCall: entries ?? unknown('PagerDuty was not asked'),
    incident,
  });
}

interface PastQuestion {
  readonly lookBack: Millis;
  readonly resources: readonly string[];
  readonly person: Person;
  readonly human: Human;
  readonly requestId: string | null;
}

const pastOf = (
  { store, clock, policy }: Pick<Sources, 'store' | 'clock' | 'policy'>,
  about: PastQuestion,
): Promise<Known<History>> =>
  store
    .history({
      human: about.human,
      since: clock.now() - about.lookBack,
      resources: about.resources,
      exceptRequest: about.requestId,
    })
    .then(
      (found) =>
        known({
          ...found,
          automatic: found.automatic.filter(({ at }) => about.requestId === null || at <= clock.now()),
          holders: holdersIn(found, about, policy().samePerson),
        }),
      () => unknown('what was granted before could not be read'),
    );

const removedFrom = ({ store }: Pick<Sources, 'store'>, role: string): Promise<Known<readonly Removal[]>> =>
  store.record('removals', role).then(
    ({ value }) => known(value ?? []),
    () => unknown('what owners removed could not be read'),
  );

async function behaviourOf(
  { activity, store, clock }: Pick<Sources, 'activity' | 'store' | 'clock'>,
  person: Person,
  human: Human,
  resource: string,
): Promise<Known<Signal<RequestSignal>[]>> {
  const at = clock.now();
  try {
    const seen = await activity.asking(await store.accountsOf(human), resource, at);
    return known(requestSignals(seen, { at, resource, timeZone: person.timeZone }));
  } catch {
    return unknown('whether this is unusual could not be looked up');
  }
}

/** The on-call entries of all these accounts. Accounts that have left Slack are skipped. */
async function onCallOf(
  { directory, onCall }: Pick<Sources, 'directory' | 'onCall'>,
  accounts: readonly string[],
  purpose: Purpose,
  about: Parameters<OnCall['entries']>[2],
): Promise<Known<readonly OnCallEntry[]>> {
  const found: OnCallEntry[] = [];
  for (const id of accounts) {
    const person = await directory.person(id);
    if (!person.known) {
      const gone = await directory.hasLeft(id);
      if (gone.known) continue;
      return unknown(`another account of the same person, ${id}, could not be looked up`);
    }
    const isUser = await onCall.knows(person.value);
    if (isUser.known && !isUser.value) continue;
    const entries = await onCall.entries(person.value, purpose, about);
    if (!entries.known) return entries;
    found.push(...entries.value);
  }
  return known(found);
}

/** Every known account of a human: listed in the policy, seen in the ledger, or the owner of their mailbox. */
async function accountsOf(
  { directory, store }: Pick<Sources, 'directory' | 'store'>,
  { email }: Person,
  human: Human,
): Promise<readonly string[]> {
  const mailbox = mailboxOf(email);
  const [seen, owner] = await Promise.all([
    store.accountsOf(human),
    mailbox === email ? null : directory.personByEmail(mailbox),
  ]);
  return [...new Set([...seen, ...(owner?.known ? [owner.value.slackId] : [])])].sort();
}

/** A group of the person's other account does not admit this one, but may exclude it, so the answer is unknown. */
function membership(
  group: string,
  members: Known<ReadonlySet<string>>,
  { person, otherAccounts }: { readonly person: Person; readonly otherAccounts: readonly string[] },
): Known<boolean> {
  if (!members.known) return members;
  if (members.value.has(person.slackId)) return known(true);
  const other = otherAccounts.find((id) => members.value.has(id));
  return other === undefined
    ? known(false)
    : unknown(`another account of the same person, ${other}, is a member of user group ${group}`);
}

/** Replaces account ids by one id per human, for the holders and the requester. */
function holdersIn(
  { holders }: PastAndHolders,
  { person: asking, human }: { readonly person: Person; readonly human: Human },
  accounts: Policy['samePerson'],
): History['holders'] {
  const ids = new Map<string, string>();
  const idOf = ({ accounts: theirs, mailboxes }: Human, id: string): string => {
    const keys = [...theirs, ...mailboxes];
    const known = keys.map((key) => ids.get(key)).find((found) => found !== undefined) ?? id;
    for (const key of keys) ids.set(key, known);
    return known;
  };
  idOf(human, asking.slackId);
  return holders.map(({ role, person }) => ({ role, personId: idOf(humanOf([person], accounts), person.slackId) }));
}
