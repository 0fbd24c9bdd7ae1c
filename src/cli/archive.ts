import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError } from '../config/configError.ts';
import { BOT } from '../domain/person.ts';
import { endOfArchive, lastToArchive, writeArchive } from '../ledger/history/archive.ts';
import { countNames } from '../ledger/history/erase.ts';
import { verifyLedger } from '../ledger/history/verify.ts';
import type { Upkeep } from '../ledger/open/command.ts';
import { openForUpkeep } from '../ledger/open/upkeep.ts';
import { startOf } from '../ledger/sqlite/origin.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { LEDGER_ARCHIVE, LEDGER_ERASE } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { databasePath, instantOption } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** Runs `work` as the only one that writes. @throws if there is no ledger in it, or a bot works on it */
async function asWriter(place: string, work: (ledger: Upkeep) => Promise<number>): Promise<number> {
  const ledger = await openForUpkeep(place);
  for (const exposed of ledger.exposed) process.stderr.write(`${exposed}\n`);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

const about = { actor: BOT, requestId: null, grantId: null } as const;

/**
 * Moves old events to a file. They leave the database only after the file was read back and proved to continue the
 * chain.
 */
export function archiveLedger({ values, files }: Given<typeof LEDGER_ARCHIVE>): Promise<number> {
  const before = instantOption('--before', values.before);
  const { to: file } = values;
  if (before === null || !file || files.length > 1) throw new UsageError(MISUSE.archive);
  if (existsSync(file)) throw new ConfigError(PROBLEMS.exists(file));
  return asWriter(databasePath(files[0]), async ({ where, whole, events, store, prune }) => {
    const found = verifyLedger(whole);
    if (!found.whole) throw new ConfigError(PROBLEMS.notArchived(where, found.problem));
    const origin = await events.origin();
    const last = lastToArchive(whole, before);
    if (!origin || last === null) {
      process.stdout.write(`${RESULTS.nothingToArchive}\n`);
      return 0;
    }
    const sha256 = writeArchive(whole, file, last);
    const end = await events.get(last);
    const copy = endOfArchive(file, startOf(whole.sqlite));
    if (copy === null || copy !== end?.hash) throw new ConfigError(PROBLEMS.badArchive(file));
    await store.commit({
      events: [
        {
          ...about,
          type: 'ledger.archived',
          payload: {
            ledger: origin.ledger,
            began: origin.began,
            from: origin.first,
            to: last,
            hash: copy,
            file: basename(file),
            sha256,
          },
        },
      ],
    });
    await prune(last);
    process.stdout.write(`${RESULTS.archived({ file, from: origin.first, to: last, sha256 })}\n`);
    return 0;
  });
}

/** Erases a person's name and address from the ledger. What they did, and when, stays under their Slack id. */
export function eraseNames({ values, files }: Given<typeof LEDGER_ERASE>): Promise<number> {
  const { person } = values;
  if (!person || !/^[UW][A-Z0-9]+$/.test(person) || files.length > 1) throw new UsageError(MISUSE.erase);
  return asWriter(databasePath(files[0]), async ({ whole, store, erase }) => {
    const live = await store.liveGrants({ slackId: person });
    const open = await store.openRequests({ slackId: person });
    if (live.length > 0 || open.length > 0) throw new ConfigError(PROBLEMS.stillHasAccess(person));
    if (countNames(whole, person) === 0) {
      process.stdout.write(`${RESULTS.noName(person)}\n`);
      return 1;
    }
    // The event comes first: a name that is gone without one counts as tampering.
    await store.commit({ events: [{ ...about, type: 'names.erased', payload: { slackId: person } }] });
    const erased = await erase(person);
    process.stdout.write(`${RESULTS.erased(erased, person)}\n`);
    return 0;
  });
}
