import type { Removal } from '../domain/accessReview.ts';
import type { Evidence, History } from '../domain/evidence.ts';
import { type Human, humanOf, mailboxOf, type Person } from '../domain/person.ts';
import { evidenceNeeded, type Policy, roleKey } from '../domain/policy.ts';
import { type RequestSignal, requestSignals, type Signal } from '../domain/signals.ts';
import { type Known, known, type Millis, unknown } from '../domain/terms.ts';
import type {
  ActivityReader,
  Clock,
  Directory,
  EvidenceSource,
  OnCall,
  PastAndHolders,
  PolicyEngine,
  Store,
} from '../ports.ts';
import { humanBehind } from './humans.ts';

interface Sources {
  readonly onCall: OnCall;
  readonly directory: Directory;
  readonly store: Pick<Store, 'history' | 'record' | 'accountsOf'>;
  readonly activity: ActivityReader;
  readonly engine: PolicyEngine;
  readonly clock: Pick<Clock, 'now'>;
  /** The one in force. */
  readonly policy: () => Pick<Policy, 'samePerson'>;
}

/** Asks PagerDuty, Slack and our own records, side by side, for just what the role's policy turns on. */
export function evidenceSource({ onCall, directory, store, activity, engine, clock, policy }: Sources): EvidenceSource {
  const history = (about: {
    lookBack: Millis;
    resources: readonly string[];
    person: Person;
    human: Human;
    requestId: string | null;
  }) =>
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
        (): Known<History> => unknown('what was granted before could not be read'),
      );

  const removed = (role: string) =>
    store.record('removals', role).then(
      ({ value }): Known<readonly Removal[]> => known(value ?? []),
      (): Known<readonly Removal[]> => unknown('what owners removed could not be read'),
    );
  const behaviour = async (person: Person, human: Human, resource: string): Promise<Known<Signal<RequestSignal>[]>> => {
    const at = clock.now();
    try {
      const seen = await activity.asking(await store.accountsOf(human), resource, at);
      return known(requestSignals(seen, { at, resource, timeZone: person.timeZone }));
    } catch {
      return unknown('whether this is unusual could not be looked up');
    }
  };

  return {
    gather: async (role, { person, incidentId, at, requestId, duration, reason }, purpose): Promise<Evidence> => {
      const needed = evidenceNeeded(role);
      const about = { ...(at !== null && { at }), overrides: needed.overrides };
      const now = clock.now();
      const human = humanBehind({ directory, policy: policy() }, person);
      const [entries, incident, members, accounts, past, signals, removals] = await Promise.all([
        needed.onCall ? onCall.entries(person, purpose, about) : null,
        // Where no rule turns on it, the incident is only shown to people: what the form's preview read will do.
        incidentId ? onCall.incident(incidentId, needed.incident ? purpose : 'preview') : null,
        directory.members(needed.groups, purpose),
        human.then((human) => accountsOf({ directory, store }, person, human)),
        human.then((human) => {
          if (!needed.history) return null;
          return human.unseen ? unknown(human.unseen) : history({ ...needed.history, person, human, requestId });
        }),
        human.then((human) => behaviour(person, human, role.resourceId)),
        removed(roleKey(role)),
      ]);
      const otherAccounts = accounts.filter((id) => id !== person.slackId);
      const groups: Record<string, Known<boolean>> = {};
      for (const [group, answer] of members) groups[group] = membership(group, answer, { person, otherAccounts });
      const opa = role.opa
        ? await engine.ask(role.opa, {
            at: at ?? now,
            person,
            otherAccounts,
            role: roleKey(role),
            duration,
            reason,
            onCall: entries ?? unknown('PagerDuty was not asked'),
            incident,
          })
        : null;
      return {
        at: clock.now(),
        onCall: entries,
        incident,
        groups,
        ...(otherAccounts.length > 0 && { otherAccounts }),
        history: past,
        removals,
        signals,
        opa,
      };
    },
  };
}

/** Every account of a human that is known of: listed in the policy, seen in the ledger, or the one whose mailbox theirs belongs to. */
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

/** What another account of theirs is in opens no door for this one, and shuts it all the same: neither a yes nor a no. */
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

/** Holders as humans: each of them, and whoever asks, under one id, whatever accounts they hold it by. */
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
