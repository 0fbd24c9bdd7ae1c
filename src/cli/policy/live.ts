import type { Policy } from '../../domain/policy.ts';
import type { LintFinding } from '../../domain/policyLint.ts';
import { openLedgerToRead } from '../../ledger/sqlite/open.ts';
import { createStore } from '../../ledger/sqlite/store.ts';
import { strandedBy } from '../../lifecycle/grant/strandedAccess.ts';
import { placeOf, placesOf } from '../../provisioners/targetPlaces.ts';

/**
 * Whether what is live now could still be taken back under a policy: each grant remembers the place that gave it.
 * @param database of the bot, which may be running
 */
export async function liveFindings(policy: Policy, database: string): Promise<LintFinding[]> {
  const ledger = openLedgerToRead(database);
  try {
    const store = createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });
    const stranded = await strandedBy({ store, targets: { placesOf } }, policy);
    return [
      ...unread(policy),
      ...stranded.map(
        ({ grantId, role, person, place }): LintFinding => ({
          severity: 'error',
          path: ['resources'],
          message: `live access ${grantId} of ${person.name} to ${role} was given at "${place}", which this policy does not reach`,
          advice:
            'Keep that target under retired_targets, as it stood under target, until the access has ended; or end it first.',
        }),
      ),
    ];
  } finally {
    ledger.close();
  }
}

/** Targets whose secrets are not set here: which place they are cannot be told. */
const unread = ({ resources, retiredTargets }: Policy): LintFinding[] =>
  [
    ...[...resources.values()].map((one) => ({ path: ['resources', one.id, 'target'], target: one })),
    ...retiredTargets.map((one) => ({ path: ['retired_targets', one.name], target: one })),
  ]
    .filter(({ target }) => placeOf(target, {}) === null)
    .map(({ path }) => ({
      severity: 'warning',
      path,
      message: 'which target this is was not checked: its secrets are not in the environment',
      advice: 'Set the variables that it names, as the bot has them.',
    }));
