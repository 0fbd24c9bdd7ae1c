import type { Policy } from '../../domain/policy.ts';
import type { LintFinding } from '../../domain/policyLint.ts';
import { openToRead } from '../../ledger/open/toRead.ts';
import { createStore } from '../../ledger/sqlite/store.ts';
import { strandedBy } from '../../lifecycle/grant/strandedAccess.ts';
import { placeOf, placesOf } from '../../provisioners/targetPlaces.ts';
import { LIVE } from '../../wording/terminal/policy.ts';

/**
 * Checks that active access could still be ended under a policy: each grant records the place that gave it.
 * @param database the bot's, which may be running
 */
export async function liveFindings(policy: Policy, database: string): Promise<LintFinding[]> {
  const ledger = await openToRead(database);
  try {
    const store = createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });
    const stranded = await strandedBy({ store, targets: { placesOf } }, policy);
    return [
      ...unread(policy),
      ...stranded.map(
        ({ grantId, role, person, place }): LintFinding => ({
          severity: 'error',
          path: ['resources'],
          message: LIVE.stranded({ grantId, role, name: person.name, place }),
          advice: LIVE.keep,
        }),
      ),
    ];
  } finally {
    ledger.close();
  }
}

/** Targets whose secrets are not set here, so that their place is unknown. */
const unread = ({ resources, retiredTargets }: Policy): LintFinding[] =>
  [
    ...[...resources.values()].map((one) => ({ path: ['resources', one.id, 'target'], target: one })),
    ...retiredTargets.map((one) => ({ path: ['retired_targets', one.name], target: one })),
  ]
    .filter(({ target }) => placeOf(target, {}) === null)
    .map(({ path }) => ({
      severity: 'warning',
      path,
      message: LIVE.unread,
      advice: LIVE.setThem,
    }));
