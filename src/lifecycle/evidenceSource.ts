import type { Removal } from '../domain/accessReview.ts';
import type { Evidence, History } from '../domain/evidence.ts';
import type { Person } from '../domain/person.ts';
import { evidenceNeeded, roleKey } from '../domain/policy.ts';
import { type RequestSignal, requestSignals, type Signal } from '../domain/signals.ts';
import { type Known, known, type Millis, unknown } from '../domain/terms.ts';
import type { ActivityReader, Clock, Directory, EvidenceSource, OnCall, PolicyEngine, Store } from '../ports.ts';

interface Sources {
  readonly onCall: OnCall;
  readonly directory: Directory;
  readonly store: Pick<Store, 'history' | 'record'>;
  readonly activity: ActivityReader;
  readonly engine: PolicyEngine;
  readonly clock: Pick<Clock, 'now'>;
}

/** Asks PagerDuty, Slack and our own records, side by side, for just what the role's policy turns on. */
export function evidenceSource({ onCall, directory, store, activity, engine, clock }: Sources): EvidenceSource {
  const history = (about: {
    lookBack: Millis;
    resources: readonly string[];
    slackId: string;
    requestId: string | null;
  }) =>
    store
      .history({
        slackId: about.slackId,
        since: clock.now() - about.lookBack,
        resources: about.resources,
        exceptRequest: about.requestId,
      })
      .then(known, (): Known<History> => unknown('what was granted before could not be read'));

  const removed = (role: string) =>
    store.record('removals', role).then(
      ({ value }): Known<readonly Removal[]> => known(value ?? []),
      (): Known<readonly Removal[]> => unknown('what owners removed could not be read'),
    );
  const behaviour = (person: Person, resource: string): Promise<Known<Signal<RequestSignal>[]>> => {
    const at = clock.now();
    return activity.asking(person.slackId, resource, at).then(
      (seen) => known(requestSignals(seen, { at, resource, timeZone: person.timeZone })),
      (): Known<Signal<RequestSignal>[]> => unknown('whether this is unusual could not be looked up'),
    );
  };

  return {
    gather: async (role, { person, incidentId, at, requestId, duration, reason }, purpose): Promise<Evidence> => {
      const needed = evidenceNeeded(role);
      const about = { ...(at !== null && { at }), overrides: needed.overrides };
      const now = clock.now();
      const [entries, incident, members, past, signals, removals] = await Promise.all([
        needed.onCall ? onCall.entries(person, purpose, about) : null,
        // Where no rule turns on it, the incident is only shown to people: what the form's preview read will do.
        incidentId ? onCall.incident(incidentId, needed.incident ? purpose : 'preview') : null,
        directory.members(needed.groups, purpose),
        needed.history && history({ ...needed.history, slackId: person.slackId, requestId }),
        behaviour(person, role.resourceId),
        removed(roleKey(role)),
      ]);
      const groups: Record<string, Known<boolean>> = {};
      for (const [group, answer] of members)
        groups[group] = answer.known ? known(answer.value.has(person.slackId)) : answer;
      const opa = role.opa
        ? await engine.ask(role.opa, {
            at: at ?? now,
            person,
            role: roleKey(role),
            duration,
            reason,
            onCall: entries ?? unknown('PagerDuty was not asked'),
            incident,
          })
        : null;
      return { at: clock.now(), onCall: entries, incident, groups, history: past, removals, signals, opa };
    },
  };
}
