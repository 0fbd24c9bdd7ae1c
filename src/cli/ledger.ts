import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { verifyWhole } from '../app/verifyBeside.ts';
import { ConfigError } from '../config/configError.ts';
import { readTextFile } from '../config/readFile.ts';
import { keyIdOf, publicKeyOf, readCheckpoints, signerFrom } from '../ledger/history/checkpoint.ts';
import { append, otherLedger } from '../ledger/history/checkpointBook.ts';
import type { Anchor } from '../ledger/history/verify.ts';
import { isPostgresAddress, shownPlace } from '../ledger/open/place.ts';
import { openToRead } from '../ledger/open/toRead.ts';
import type { OpenLedger } from '../ledger/sqlite/open.ts';
import { originOf } from '../ledger/sqlite/origin.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { LEDGER_ROTATE_KEY, LEDGER_VERIFY } from '../wording/terminal/options.ts';
import { FILES, PROBLEMS, WHERE } from '../wording/terminal/problems.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { TAMPERING, VERIFIED } from '../wording/terminal/verify.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** `jitbot ledger verify`. Exit codes: 0 whole, 1 not whole, 2 could not be checked. */
export async function verify({ values, files }: Given<typeof LEDGER_VERIFY>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const place = databasePath(files[0]);
  const path = shownPlace(place);
  // Checked before opening, because reading creates a -wal file.
  const isBeside = (end: string): boolean => (statSync(`${path}${end}`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const isAtHome = isPostgresAddress(place) || isBeside('-wal') || existsSync(`${path}-writer`);
  const opened = await readWhole(path, () => openToRead(place));
  try {
    const anchors: Anchor[] = [];
    let foreign = 0;
    if (values.checkpoints !== undefined) {
      const read = fileAnchors(values.checkpoints, values.trust, await readWhole(path, () => genesisOf(opened)));
      if ('problem' in read) return notWhole(path, read.problem, 'checkpoints');
      anchors.push(...read.anchors);
    }
    if (values['from-slack']) {
      const { anchorsFromSlack } = await import('./slackAnchors.ts');
      const read = await anchorsFromSlack(opened);
      if ('problem' in read) return notWhole(path, read.problem, 'rewritten');
      anchors.push(...read.anchors);
      foreign = read.foreign;
    }
    const archives = values.archives?.split(',').filter(Boolean) ?? [];
    const result = await readWhole(path, () => verifyWhole(opened, { anchors, archives }));
    if (!result.whole) return notWhole(path, VERIFIED.before(result.problem, result.seq), result.kind);
    const lines = [
      VERIFIED.whole(result.events, result.anchors, result.head),
      ...(result.first > 1 ? [VERIFIED.begins(result.first)] : []),
      ...result.restores.map(VERIFIED.restored),
      ...(foreign > 0 ? [VERIFIED.foreign(foreign)] : []),
      ...(isAtHome || !isPerhapsShort(opened) ? [] : [VERIFIED.perhapsShort(`${basename(opened.path)}-wal`)]),
      ...(result.anchors > 0 ? [] : [anchors.length > 0 ? VERIFIED.nothingCompared : VERIFIED.compare]),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  } finally {
    opened.close();
  }
}

/**
 * A file that lacks pages was probably not edited: most often it was copied while the bot ran. So this is an error, and
 * not "not whole".
 */
async function readWhole<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SqliteError') throw error;
    throw new ConfigError(PROBLEMS.unreadable(path, error.message), { cause: error });
  }
}

/**
 * A bot that was stopped records that as its last event, and one that was killed leaves its -wal. With neither, the
 * copy may lack the newest events. What `jitbot backup` made has no write-ahead log, and lacks nothing.
 */
function isPerhapsShort({ sqlite }: OpenLedger): boolean {
  const last = sqlite.prepare<[], string>('SELECT type FROM events ORDER BY seq DESC LIMIT 1').pluck().get();
  return last !== undefined && last !== 'bot.stopped' && sqlite.pragma('journal_mode', { simple: true }) === 'wal';
}

function notWhole(path: string, problem: string, kind: keyof typeof TAMPERING): number {
  process.stdout.write(`${VERIFIED.notWhole(path, problem, TAMPERING[kind])}\n`);
  return 1;
}

const genesisOf = ({ sqlite }: OpenLedger): string => originOf(sqlite)?.ledger ?? '';

function fileAnchors(
  path: string,
  trust: string | undefined,
  genesis: string,
): { anchors: Anchor[] } | { problem: string } {
  const trusted = trust === undefined ? null : publicKeyOf(readTextFile(trust, FILES.publicKey));
  const read = readCheckpoints(readTextFile(path, FILES.checkpoints), trusted);
  if ('problem' in read) return { problem: PROBLEMS.of(path, read.problem) };
  const other = otherLedger(read.checkpoints, genesis);
  if (other) return { problem: `${path} ${other}` };
  return {
    anchors: read.checkpoints.map(({ seq, hash, at }) => ({ seq, hash, at, where: WHERE.checkpoints(path) })),
  };
}

/** Lets the old key introduce a new one, which may then sign checkpoints. */
export function rotateKey({ values, files }: Given<typeof LEDGER_ROTATE_KEY>): number {
  const { checkpoints, old: oldPath, new: newPath } = values;
  if (!checkpoints || !oldPath || !newPath || files.length > 0) throw new UsageError(MISUSE.rotateKey);
  const signer = signerFrom(readFileSync(oldPath, 'utf8'));
  const publicKey = publicKeyOf(readFileSync(newPath, 'utf8'));
  const read = readCheckpoints(readTextFile(checkpoints, FILES.checkpoints));
  if ('problem' in read) throw new ConfigError(PROBLEMS.of(checkpoints, read.problem));
  if (!read.keys.includes(signer.keyId)) throw new ConfigError(PROBLEMS.unknownKey(oldPath, checkpoints));
  append(checkpoints, signer.introduce({ publicKey, at: Date.now(), isFirst: false }));
  process.stdout.write(`${RESULTS.keyIntroduced(checkpoints, keyIdOf(publicKey), newPath)}\n`);
  return 0;
}
