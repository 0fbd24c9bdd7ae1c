import { BOT, named } from '../../domain/person.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import type { Credential } from '../../ports/targets.ts';
import type { Deps } from '../deps.ts';

/**
 * Makes a new secret for an active grant, for its holder only, replacing the one before. The issue is in
 * the ledger before the secret exists; the secret itself is only ever in the answer.
 */
export function issueCredential(
  deps: Deps,
  input: { grantId: string; personId: string },
): Promise<Credential | Refused> {
  return deps.grantLock(input.grantId, async () => {
    const loaded = await deps.store.grant(input.grantId);
    if (!loaded) return refuse({ code: 'unknown_grant' });
    const grant = loaded.value;
    if (grant.person.slackId !== input.personId) return refuse({ code: 'not_yours' });
    if (grant.state !== 'active' || deps.clock.now() >= grant.endsAt) return refuse({ code: 'not_active' });
    if (!deps.targets.issuesCredentials(grant.resourceId)) return refuse({ code: 'no_credential' });
    const person = await deps.directory.person(input.personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    await deps.store.commit({
      // Commits the unchanged grant with its version, so that this fails if a revoke won the race.
      grants: [{ value: grant, version: loaded.version }],
      events: [
        {
          type: 'credential.issued',
          actor: BOT,
          requestId: grant.requestId,
          grantId: grant.id,
          payload: { role: grant.role, person: named(grant.person), account: grant.activation.account },
        },
      ],
    });
    return (await deps.targets.issueCredential(grant)) ?? refuse({ code: 'no_credential' });
  });
}
