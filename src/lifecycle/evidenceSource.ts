import type { Evidence } from '../domain/evidence.ts';
import { evidenceNeeded } from '../domain/policy.ts';
import { type Known, known } from '../domain/terms.ts';
import type { Clock, Directory, EvidenceSource, OnCall } from '../ports.ts';

/** Asks PagerDuty and Slack, side by side, for just what the role's rules turn on. */
export function evidenceSource(onCall: OnCall, directory: Directory, clock: Pick<Clock, 'now'>): EvidenceSource {
  return {
    gather: async (role, { person, incidentId, at }, purpose): Promise<Evidence> => {
      const needed = evidenceNeeded(role);
      const [entries, incident, members] = await Promise.all([
        needed.onCall ? onCall.entries(person, purpose, at ?? undefined) : null,
        // Where no rule turns on it, the incident is only shown to people: what the form's preview read will do.
        incidentId ? onCall.incident(incidentId, needed.incident ? purpose : 'preview') : null,
        directory.members(needed.groups, purpose),
      ]);
      const groups: Record<string, Known<boolean>> = {};
      for (const [group, answer] of members)
        groups[group] = answer.known ? known(answer.value.has(person.slackId)) : answer;
      return { at: clock.now(), onCall: entries, incident, groups };
    },
  };
}
