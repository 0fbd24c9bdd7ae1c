import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../app/clock.ts';
import { createLog } from '../app/log.ts';
import { ConfigError } from '../config/configError.ts';
import { loadPolicy } from '../config/policyFile.ts';
import { secretsNamed } from '../config/secrets.ts';
import type { LiveGrant } from '../domain/grant.ts';
import type { Policy } from '../domain/policy.ts';
import { createStriker } from '../domain/secrets.ts';
import { backUp } from '../ledger/open/backUp.ts';
import { shownPlace } from '../ledger/open/place.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import { createIdBook } from '../ledger/sqlite/idBook.ts';
import { type OpenLedger, openLedger } from '../ledger/sqlite/open.ts';
import { createSeatBook } from '../ledger/sqlite/seatBook.ts';
import { createStore } from '../ledger/sqlite/store.ts';
import { takeAllBack } from '../lifecycle/grant/takeAllBack.ts';
import { StorageError } from '../ports/store.ts';
import { statementsFor } from '../provisioners/byHand.ts';
import { lackingPackages } from '../provisioners/packages.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';
import { connectTargets } from '../provisioners/targets.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { REVOKE_ALL } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import { REVOKED } from '../wording/terminal/results.ts';
import { policyPath } from './options.ts';
import { readPolicy } from './readPolicy.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/**
 * `jitbot revoke-all --from COPY [POLICY]`: ends, from any machine, what is active in a copy. The copy is not changed.
 */
export async function revokeAll({ values, files }: Given<typeof REVOKE_ALL>): Promise<number> {
  if (values.from === undefined) throw new UsageError(MISUSE.revokeAll);
  const path = policyPath(files);
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-revoke-all-'));
  try {
    const copy = join(folder, 'copy.db');
    await backUp(values.from, copy);
    const ledger = openLedger(copy, { waitsForLocks: true });
    try {
      if ((await createEventReader(ledger).newest()) === null)
        throw new StorageError(PROBLEMS.saysNothing(shownPlace(values.from)));
      return await (values.statements === true ? sayByHand(ledger, readPolicy(path).policy) : takeBack(ledger, path));
    } finally {
      ledger.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const storeOf = (ledger: OpenLedger) =>
  createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });

/** Changes nothing: says what to do at each target, for each grant that is active in the copy. */
async function sayByHand(ledger: OpenLedger, policy: Policy): Promise<number> {
  const live = await storeOf(ledger).liveGrants({});
  process.stdout.write(live.map(({ value }) => byHand(value, policy)).join('\n'));
  if (live.length === 0) process.stdout.write(`${REVOKED.nothingLive}\n`);
  return 0;
}

function byHand(grant: LiveGrant, policy: Policy): string {
  const { role, person, id, endsAt, place } = grant;
  const head = REVOKED.byHand({ role, name: person.name, id, until: new Date(endsAt).toISOString(), place });
  return [head, ...statementsFor(grant, policy), ''].join('\n');
}

async function takeBack(ledger: OpenLedger, path: string): Promise<number> {
  const { policy, secrets } = loadPolicy(path, PROVISIONERS, process.env);
  const missing = lackingPackages(policy);
  if (missing !== null) throw new ConfigError(missing);
  const known = [...secrets, ...secretsNamed(process.env)];
  const strike = createStriker(known);
  const targets = connectTargets(policy, {
    ...{ log: createLog('fatal', known), clock: systemClock(0) },
    ...{ seats: createSeatBook(ledger), ids: createIdBook(ledger) },
  });
  let left = 0;
  try {
    for await (const { grant, what, problem, byHand } of takeAllBack({ store: storeOf(ledger), targets }, policy)) {
      if (problem !== null) left += 1;
      const lines = [
        problem === null ? REVOKED.gone(what) : (byHand ? REVOKED.lookAt : REVOKED.notGone)(what, problem),
      ];
      if (problem !== null && grant !== null) lines.push(...statementsFor(grant, policy).map((line) => `    ${line}`));
      process.stdout.write(strike(`${lines.join('\n')}\n`));
    }
  } finally {
    await targets.close();
  }
  process.stdout.write(`${left === 0 ? REVOKED.allGone : REVOKED.left(left)}\n`);
  return left === 0 ? 0 : 1;
}
