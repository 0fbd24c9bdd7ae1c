import { parseDuration } from '../../domain/duration.ts';
import { evaluatePolicy } from '../../domain/evaluate.ts';
import { findRole, type Policy } from '../../domain/policy.ts';
import { restsOnMissing } from '../../domain/replayed.ts';
import { HOUR } from '../../domain/terms.ts';
import { MISUSE } from '../../wording/terminal/misuse.ts';
import type { POLICY_REPLAY } from '../../wording/terminal/options.ts';
import { REPLAYED } from '../../wording/terminal/policy.ts';
import { writeNewFile } from '../newFile.ts';
import { databasePath, policyPath, table } from '../options.ts';
import { readPolicy } from '../readPolicy.ts';
import { print } from '../shown.ts';
import type { Given } from '../spec.ts';
import { UsageError } from '../usageError.ts';
import { isByRules, type ReplayedDecision, readDecisionsFile } from './decisionsFile.ts';
import { type Changed, type Replay, replayPage } from './replayPage.ts';

/** What a decision would have become, where that rests on what was not looked up then. */
const UNTOLD = 'cannot be told';
const DEFAULT_SINCE = '90d';

/** Exit codes: 0 nothing changes, 1 something does, 2 it could not be replayed. */
export async function run({ values, files }: Given<typeof POLICY_REPLAY>): Promise<number> {
  if (files.length > 0) throw new UsageError(MISUSE.notUnderstood(files));
  if (values.decisions !== undefined && (values.since ?? values.database) !== undefined)
    throw new UsageError(MISUSE.replayDecisions);
  const period = parseDuration(values.since ?? DEFAULT_SINCE);
  if (period === null) throw new UsageError(MISUSE.notADuration('--since', `${values.since}`, '90d or 12h'));
  const path = policyPath(values.policy === undefined ? [] : [values.policy]);
  const { policy } = readPolicy(path);
  const replay = await replayed(policy, path, { period, ...values });
  if (values.html !== undefined) {
    writeNewFile(values.html, replayPage(replay));
    process.stdout.write(`${REPLAYED.written(values.html, countsOf(replay))}\n`);
  } else if (values.json) process.stdout.write(`${JSON.stringify(replay, null, 2)}\n`);
  else printReplay(replay);
  return replay.changed.length + replay.untold.length > 0 ? 1 : 0;
}

async function replayed(
  policy: Policy,
  path: string,
  given: { readonly period: number; readonly decisions?: string; readonly database?: string },
): Promise<Replay> {
  if (given.decisions !== undefined) {
    const { decisions, since } = readDecisionsFile(given.decisions);
    return replayAll(policy, decisions, { policy: path, since });
  }
  const since = Date.now() - Math.max(given.period, HOUR);
  const [{ decisionsIn }, { openToRead }] = await Promise.all([
    import('../../ledger/history/decisions.ts'),
    import('../../ledger/open/toRead.ts'),
  ]);
  const ledger = await openToRead(databasePath(given.database));
  try {
    const byRules = decisionsIn(ledger, since).filter(isByRules);
    return replayAll(policy, byRules, { policy: path, since: new Date(since).toISOString() });
  } finally {
    ledger.close();
  }
}

export function replayAll(
  policy: Policy,
  decisions: Iterable<ReplayedDecision>,
  about: Pick<Replay, 'policy' | 'since'>,
): Replay {
  const changed: Changed[] = [];
  const untold: Changed[] = [];
  const moves: Record<string, number> = {};
  let count = 0;
  for (const recorded of decisions) {
    count += 1;
    const { effect, why } = decideAnew(policy, recorded);
    const before = recorded.decision.effect;
    if (effect === before) continue;
    if (effect !== UNTOLD) moves[`${before} → ${effect}`] = (moves[`${before} → ${effect}`] ?? 0) + 1;
    (effect === UNTOLD ? untold : changed).push({
      seq: recorded.seq,
      at: new Date(recorded.at).toISOString(),
      request: recorded.requestId,
      person: recorded.person,
      role: recorded.role,
      before,
      after: effect,
      why,
    });
  }
  return { ...about, decisions: count, changed, moves, untold };
}

function decideAnew(policy: Policy, { role, input }: ReplayedDecision): { effect: string; why: string } {
  const found = findRole(policy, role);
  if (!found) return { effect: 'deny', why: REPLAYED.roleGone };
  const { max, total } = found.duration;
  if (input.duration > (input.held === undefined ? max : total)) return { effect: 'deny', why: REPLAYED.tooLong };
  const decision = evaluatePolicy(found, input);
  const { reasons } = decision.outcomes.find(({ outcome }) => outcome === 'unknown') ?? decision;
  if (restsOnMissing(found, input, decision)) return { effect: UNTOLD, why: REPLAYED.by(null, reasons) };
  return { effect: decision.effect, why: REPLAYED.by(decision.rule, decision.reasons) };
}

const countsOf = ({ decisions, changed, untold }: Replay) => ({
  decisions,
  changed: changed.length,
  untold: untold.length,
});

function printReplay(replay: Replay): void {
  const { policy, since, changed, untold, moves } = replay;
  print(REPLAYED.totals({ since, policy, ...countsOf(replay) }));
  for (const [move, count] of Object.entries(moves)) print(REPLAYED.move(count, move));
  if (changed.length + untold.length === 0) return;
  const rows = [...changed, ...untold].map((one) => [
    `#${one.seq}`,
    one.at,
    one.request,
    one.person,
    one.role,
    `${one.before} → ${one.after}`,
    one.why,
  ]);
  print(`\n${table([REPLAYED.columns, ...rows])}`);
}
