import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config/configError.ts';
import { readSecretFiles } from '../config/variables.ts';
import type { EventPayloads } from '../domain/events.ts';
import { readCheckpoints } from '../ledger/history/checkpoint.ts';
import { putInPlace } from '../ledger/history/restore.ts';
import type { Anchor } from '../ledger/history/verify.ts';
import { putBack } from '../ledger/open/move.ts';
import { isPostgresAddress, shownPlace } from '../ledger/open/place.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import { type OpenLedger, openLedgerToRead } from '../ledger/sqlite/open.ts';
import { originOf } from '../ledger/sqlite/origin.ts';
import { createPostBook } from '../ledger/sqlite/postBook.ts';
import { createStore } from '../ledger/sqlite/store.ts';
import { restoreChange } from '../lifecycle/health/restore.ts';
import { CURSORS } from '../ports/keys.ts';
import { StorageError } from '../ports/store.ts';
import { messageJobs } from '../slack/outbox/messageJobs.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { NO_OPTIONS } from '../wording/terminal/options.ts';
import { PROBLEMS, WHERE } from '../wording/terminal/problems.ts';
import { RESTORED } from '../wording/terminal/results.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

type Known = EventPayloads['ledger.restored']['known'];

/**
 * `jitbot restore COPY [FILE]`: puts a copy in the database's place, and schedules the end of all its active access.
 */
export async function restore({ files }: Given<typeof NO_OPTIONS>): Promise<number> {
  const [copy, named, ...more] = files;
  if (copy === undefined || more.length > 0) throw new UsageError(MISUSE.restore);
  const path = databasePath(named);
  const now = Date.now();
  let said = '';
  const making = async (draft: OpenLedger) => {
    said = await prepare(draft, path, now);
  };
  const { replaced } = isPostgresAddress(path)
    ? await putBack(copy, path, making).then(() => ({ replaced: null }))
    : await putInPlace(copy, path, { now, prepare: making });
  process.stdout.write(`${RESTORED.done(shownPlace(path), shownPlace(copy), said, replaced)}\n`);
  return 0;
}

/**
 * Schedules the end of everything that is active in the copy, and records what the copy lacks.
 * @returns what was done, for people
 */
async function prepare(draft: OpenLedger, path: string, now: number): Promise<string> {
  const newest = await createEventReader(draft).newest();
  if (newest === null) throw new StorageError(PROBLEMS.emptyCopy);
  const known = await newestKnown(draft, path, newest.seq);
  const clock = { now: () => Math.max(now, newest.at) };
  const store = createStore(draft, { clock, followUps: messageJobs, onDue: () => undefined });
  const from = { seq: newest.seq, hash: newest.hash };
  const live = (await store.liveGrants({})).length;
  await store.commit(await restoreChange(store, { from, known }, clock.now()));
  // The channel already shows these events, and the lost ones after them.
  if (known !== null) await createPostBook(draft).moveCursor(CURSORS.audit, newest.seq);
  return RESTORED.copy(newest.seq, live, known);
}

/**
 * The newest position of this ledger after the copy's end that is known anywhere else. Reports sources that cannot be
 * asked.
 */
async function newestKnown(draft: OpenLedger, path: string, after: number): Promise<Known> {
  const found: Anchor[] = [];
  for (const ask of [replacedEnd, checkpoints, channel])
    try {
      found.push(...(await ask(draft, path)));
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof StorageError)) throw error;
      process.stderr.write(`${RESTORED.notAsked(error.message)}\n`);
    }
  const [newest] = found.filter(({ seq }) => seq > after).sort((a, b) => b.seq - a.seq);
  return newest === undefined ? null : { seq: newest.seq, hash: newest.hash, where: newest.where };
}

async function replacedEnd(draft: OpenLedger, path: string): Promise<readonly Anchor[]> {
  if (!existsSync(path)) return [];
  const before = openLedgerToRead(path);
  try {
    if (originOf(before.sqlite)?.ledger !== originOf(draft.sqlite)?.ledger) return [];
    const newest = await createEventReader(before).newest();
    return newest === null ? [] : [{ seq: newest.seq, hash: newest.hash, where: WHERE.replaced }];
  } catch (error) {
    throw new StorageError(PROBLEMS.notReadable(path), { cause: error });
  } finally {
    before.close();
  }
}

async function checkpoints(draft: OpenLedger): Promise<readonly Anchor[]> {
  readSecretFiles(process.env, ['JIT_CHECKPOINTS']);
  const { JIT_CHECKPOINTS: place } = process.env;
  if (place === undefined || !existsSync(place)) return [];
  const read = readCheckpoints(await readFile(place, 'utf8'));
  if ('problem' in read) throw new ConfigError(PROBLEMS.of(place, read.problem));
  const ledger = originOf(draft.sqlite)?.ledger;
  return read.checkpoints
    .filter((one) => one.ledger === ledger)
    .map(({ seq, hash }) => ({ seq, hash, where: WHERE.checkpoints(place) }));
}

async function channel(draft: OpenLedger): Promise<readonly Anchor[]> {
  readSecretFiles(process.env, ['SLACK_BOT_TOKEN']);
  if (!process.env.SLACK_BOT_TOKEN || !process.env.JIT_POLICY) throw new ConfigError(PROBLEMS.channelNotAsked);
  const { anchorsFromSlack } = await import('./slackAnchors.ts');
  const read = await anchorsFromSlack(draft);
  if ('problem' in read) throw new ConfigError(read.problem);
  return read.anchors;
}
