import type { Policy } from '../../domain/policy.ts';
import type { LintFinding } from '../../domain/policyLint.ts';
import { openLedgerToRead } from '../../ledger/sqlite/open.ts';
import { createStore } from '../../ledger/sqlite/store.ts';
import { strandedBy } from '../../lifecycle/grant/strandedAccess.ts';
import { placeOf, placesOf } from '../../provisioners/targetPlaces.ts';
import { LIVE } from '../../wording/terminal/policy.ts';

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
          message: LIVE.stranded({ grantId, role, name: person.name, place }),
          advice: LIVE.keep,
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
      message: LIVE.unread,
      advice: LIVE.setThem,
    }));
