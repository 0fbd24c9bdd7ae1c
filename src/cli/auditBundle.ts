import { createHash, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createZip } from '../auditBundle/zip.ts';
import { ConfigError } from '../config/configError.ts';
import { readTextFile } from '../config/readFile.ts';
import type { AccessReview } from '../domain/accessReview.ts';
import type { Instant } from '../domain/terms.ts';
import type { EventRow } from '../ledger/book/chain.ts';
import { privateKeyOf, readCheckpoints } from '../ledger/history/checkpoint.ts';
import { createRowWriter, exportRows } from '../ledger/history/export.ts';
import { verifyLedger } from '../ledger/history/verify.ts';
import { shownPlace } from '../ledger/open/place.ts';
import { openToRead } from '../ledger/open/toRead.ts';
import type { OpenLedger } from '../ledger/sqlite/open.ts';
import { originOf } from '../ledger/sqlite/origin.ts';
import { createStore } from '../ledger/sqlite/store.ts';
import { auditBundleGuide } from '../wording/terminal/guides.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { AUDIT_BUNDLE } from '../wording/terminal/options.ts';
import { FILES, PROBLEMS, WHERE } from '../wording/terminal/problems.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { databasePath, instantOption } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** Exit codes: 0 made, 1 the ledger is not whole, 2 could not be made. */
export async function auditBundle({ values, files }: Given<typeof AUDIT_BUNDLE>): Promise<number> {
  const from = instantOption('--from', values.from);
  const to = instantOption('--to', values.to, 'ends');
  const { key: keyPath, out, checkpoints } = values;
  if (from === null || to === null || !keyPath || !out || files.length > 1) throw new UsageError(MISUSE.auditBundle);
  if (from >= to) throw new UsageError(MISUSE.fromAfterTo);
  if (existsSync(out)) throw new ConfigError(PROBLEMS.exists(out));
  const place = databasePath(files[0]);
  const path = shownPlace(place);
  const ledger = await openToRead(place);
  try {
    return await make(ledger, { path, from, to, keyPath, out, checkpoints });
  } finally {
    ledger.close();
  }
}

interface Order {
  readonly path: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly keyPath: string;
  readonly out: string;
  readonly checkpoints: string | undefined;
}

async function make(ledger: OpenLedger, { path, from, to, keyPath, out, checkpoints }: Order): Promise<number> {
  const key = privateKeyOf(readTextFile(keyPath, FILES.signingKey), keyPath);
  const kept = checkpoints === undefined ? null : readTextFile(checkpoints, FILES.checkpoints);
  const origin = originOf(ledger.sqlite)?.ledger ?? '';
  const anchors = kept === null ? [] : anchorsIn(kept, checkpoints ?? '', origin);
  const verification = verifyLedger(ledger, { anchors });
  if (!verification.whole) {
    process.stderr.write(`${PROBLEMS.notBundled(path, verification.problem)}\n`);
    return 1;
  }
  const first = exportRows(ledger, { from, to }).next().value as EventRow | undefined;
  if (!first) throw new ConfigError(PROBLEMS.noEvents(path, iso(from), iso(to)));

  const zip = createZip(out);
  const seen: { last: EventRow; policies: Set<string> } = { last: first, policies: new Set() };
  zip.add('events.jsonl', eventLines(ledger, { from, to }, seen));
  const store = createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });
  const missing: string[] = [];
  for (const hash of seen.policies) {
    const text = (await store.record('policy_text', hash)).value?.text;
    if (text !== undefined && createHash('sha256').update(text).digest('hex') === hash)
      zip.add(`policies/${hash}.yaml`, [text]);
    else missing.push(hash);
  }
  if (kept !== null) zip.add('checkpoints.jsonl', [kept]);
  const reviews: readonly AccessReview[] = await store.records('access_review');
  const inTime = reviews.filter(({ startedAt, closedAt }) => startedAt < to && (closedAt ?? to) >= from);
  zip.add('reviews.json', [`${JSON.stringify(inTime, null, 2)}\n`]);
  const { last } = seen;
  const about = {
    ledger: origin,
    from: iso(from),
    to: iso(to),
    start: { seq: first.seq - 1, hash: first.prevHash },
    head: { seq: last.seq, hash: last.hash },
    verified: { events: verification.events, head: verification.head, anchors: verification.anchors },
    missingPolicies: missing,
    erasedLater: erasedAfter(ledger, last.seq),
  };
  zip.add('about.json', [`${JSON.stringify(about, null, 2)}\n`]);
  zip.add('verify.py', [readFileSync(new URL('../auditBundle/verify.py', import.meta.url), 'utf8')]);
  const note = missing.length > 0 ? `${RESULTS.missingPolicies(missing)}\n` : '';
  zip.add('README.txt', [auditBundleGuide({ from, to, madeAt: Date.now(), files: note })]);
  const manifest = zip.manifest();
  zip.add('MANIFEST', [manifest]);
  zip.addBytes('MANIFEST.sig', sign(null, Buffer.from(manifest, 'utf8'), key));
  zip.close();
  const policies = seen.policies.size - missing.length;
  const made = { path: out, from: first.seq, to: last.seq, policies, reviews: inTime.length };
  process.stderr.write(`${RESULTS.bundled(made)}\n`);
  return 0;
}

const iso = (at: Instant): string => new Date(at).toISOString();

/**
 * People whose names were erased after the bundle's period: the bundle lacks the names, and no event in it says why.
 */
const erasedAfter = ({ sqlite }: OpenLedger, seq: number) =>
  sqlite
    .prepare<[number], { seq: number; slackId: string }>(
      "SELECT seq, json_extract(payload, '$.slackId') AS slackId FROM events WHERE type = 'names.erased' AND seq > ? ORDER BY seq",
    )
    .all(seq);

function anchorsIn(text: string, path: string, ledger: string) {
  const read = readCheckpoints(text);
  if ('problem' in read) throw new ConfigError(PROBLEMS.of(path, read.problem));
  return read.checkpoints
    .filter((checkpoint) => checkpoint.ledger === ledger)
    .map(({ seq, hash }) => ({ seq, hash, where: WHERE.checkpoints(path) }));
}

/** The events as lines. Collects the last event and the policies that events name in `seen`. */
function* eventLines(
  ledger: OpenLedger,
  period: { from: Instant; to: Instant },
  seen: { last: EventRow; policies: Set<string> },
): Generator<string> {
  const lineOf = createRowWriter(ledger);
  for (const row of exportRows(ledger, period)) {
    seen.last = row;
    if (row.type === 'policy.loaded') seen.policies.add((JSON.parse(row.payload) as { hash: string }).hash);
    if (row.type === 'request.submitted' || row.type === 'review.recorded')
      seen.policies.add((JSON.parse(row.payload) as { policyHash: string }).policyHash);
    yield `${lineOf(row)}\n`;
  }
}
