import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError } from '../config/configError.ts';
import { readTextFile } from '../config/readFile.ts';
import type { Restored } from '../domain/restore.ts';
import { counted } from '../domain/text.ts';
import { keyIdOf, publicKeyOf, readCheckpoints, signerFrom } from '../ledger/history/checkpoint.ts';
import { append, otherLedger } from '../ledger/history/checkpointBook.ts';
import type { Tampering } from '../ledger/history/nameCheck.ts';
import { type Anchor, verifyLedger } from '../ledger/history/verify.ts';
import { openLedgerToRead } from '../ledger/sqlite/open.ts';
import { originOf } from '../ledger/sqlite/origin.ts';
import type { LEDGER_ROTATE_KEY, LEDGER_VERIFY } from './commandOptions.ts';
import { databasePath } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** What fits what was found, in words. */
const WORDS: Readonly<Record<Tampering, string>> = {
  edited: 'Somebody edited that event in the database.',
  missing: 'Somebody deleted events in the middle.',
  replaced: 'Somebody replaced, swapped or put in events.',
  cut: 'Somebody cut off the tail, or put an older copy in its place.',
  rewritten: 'Somebody wrote the record anew from there on back, with a chain of its own.',
};

/** Whether a ledger is whole. */
export async function verify({ values, files }: Given<typeof LEDGER_VERIFY>): Promise<number> {
  if (files.length > 1) throw new UsageError(`one database at a time, not ${files.length}`);
  const path = databasePath(files[0]);
  // Reading makes a -wal of its own, so this is looked at before.
  const isBeside = (end: string): boolean => (statSync(`${path}${end}`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const isAtHome = isBeside('-wal') || existsSync(`${path}-writer`);
  const opened = readWhole(path, () => openLedgerToRead(path));
  try {
    const anchors: Anchor[] = [];
    let foreign = 0;
    if (values.checkpoints !== undefined) {
      const read = fileAnchors(
        values.checkpoints,
        values.trust,
        readWhole(path, () => genesisOf(opened)),
      );
      if ('problem' in read)
        return notWhole(path, read.problem, 'The checkpoints themselves were tampered with, or are of another ledger.');
      anchors.push(...read.anchors);
    }
    if (values['from-slack']) {
      const { anchorsFromSlack } = await import('./slackAnchors.ts');
      const read = await anchorsFromSlack(opened);
      if ('problem' in read) return notWhole(path, read.problem, WORDS.rewritten);
      anchors.push(...read.anchors);
      foreign = read.foreign;
    }
    const archives = values.archives?.split(',').filter(Boolean) ?? [];
    const result = readWhole(path, () => verifyLedger(opened, { anchors, archives }));
    if (!result.whole)
      return notWhole(
        path,
        `${result.problem}. Everything before event ${result.seq} is as it was recorded`,
        WORDS[result.kind],
      );
    const against = result.anchors > 0 ? `, and agrees with ${counted(result.anchors, 'position')} kept elsewhere` : '';
    const hint =
      result.anchors > 0
        ? ''
        : anchors.length > 0
          ? 'Every position that was kept elsewhere is of an event that is said to be in an archive: nothing was compared. Name the archives with --archives.\n'
          : 'Compare the head with the newest line of the audit channel, or use --checkpoints or --from-slack: a chain alone cannot show a cut tail.\n';
    process.stdout.write(
      `whole: ${counted(result.events, 'event')}, each continuing the one before${against}\nhead: ${result.head}\n${begins(result.first)}${wasRestored(result.restores)}${notOurs(foreign)}${isAtHome ? '' : shortCopy(opened)}${hint}`,
    );
    return 0;
  } finally {
    opened.close();
  }
}

/** A file that lacks pages is no ledger that somebody edited: most often it was copied from under a running bot. */
function readWhole<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SqliteError') throw error;
    throw new ConfigError(`${path}: cannot be read to its end (${error.message}). ${HOW_TO_COPY}`, { cause: error });
  }
}

const HOW_TO_COPY =
  'A copy of a running bot’s database needs its -wal beside it: copy it with sqlite3 FILE ".backup COPY", or with the bot stopped';

/** A bot that was stopped says so last, and one that was killed leaves its -wal: with neither, the newest events are elsewhere. */
function shortCopy({ path, sqlite }: ReturnType<typeof openLedgerToRead>): string {
  const last = sqlite.prepare<[], string>('SELECT type FROM events ORDER BY seq DESC LIMIT 1').pluck().get();
  if (last === undefined || last === 'bot.stopped') return '';
  return `Perhaps not all of it: it does not end with a stop of the bot, and no ${basename(path)}-wal is beside it. ${HOW_TO_COPY}.\n`;
}

const begins = (first: number): string =>
  first === 1
    ? ''
    : `It begins at event ${first}, continuing the archive that the chain names; --archives checks that as well.\n`;

const wasRestored = (restores: readonly Restored[]): string =>
  restores
    .map(
      ({ at, payload: { from, known } }) =>
        `A copy that ends with event ${from.seq} was put in its place at ${new Date(at).toISOString()}${known === null ? '' : `: events ${from.seq + 1} to ${known.seq} of before are not in it`}.\n`,
    )
    .join('');

const notOurs = (count: number): string =>
  count === 0
    ? ''
    : `${counted(count, 'message')} in the audit channel with the bot’s marks ${count === 1 ? 'is' : 'are'} not the bot’s own and ${count === 1 ? 'was' : 'were'} not believed.\n`;

function notWhole(path: string, problem: string, kind: string): number {
  process.stdout.write(`NOT WHOLE: ${path}\n${problem}.\n${kind}\n`);
  return 1;
}

const genesisOf = ({ sqlite }: ReturnType<typeof openLedgerToRead>): string => originOf(sqlite)?.ledger ?? '';

function fileAnchors(
  path: string,
  trust: string | undefined,
  genesis: string,
): { anchors: Anchor[] } | { problem: string } {
  const trusted = trust === undefined ? null : publicKeyOf(readTextFile(trust, 'the public key'));
  const read = readCheckpoints(readTextFile(path, 'the file of checkpoints'), trusted);
  if ('problem' in read) return { problem: `${path}: ${read.problem}` };
  const other = otherLedger(read.checkpoints, genesis);
  if (other) return { problem: `${path} ${other}` };
  return {
    anchors: read.checkpoints.map(({ seq, hash, at }) => ({ seq, hash, at, where: `the checkpoint file ${path}` })),
  };
}

/** Lets a new key sign checkpoints, in the name of the old one. */
export function rotateKey({ values, files }: Given<typeof LEDGER_ROTATE_KEY>): number {
  const { checkpoints, old: oldPath, new: newPath } = values;
  if (!checkpoints || !oldPath || !newPath || files.length > 0)
    throw new UsageError('rotate-key needs --checkpoints, --old and --new');
  const signer = signerFrom(readFileSync(oldPath, 'utf8'));
  const publicKey = publicKeyOf(readFileSync(newPath, 'utf8'));
  const read = readCheckpoints(readTextFile(checkpoints, 'the file of checkpoints'));
  if ('problem' in read) throw new ConfigError(`${checkpoints}: ${read.problem}`);
  if (!read.keys.includes(signer.keyId))
    throw new ConfigError(`${oldPath}: ${checkpoints} does not know this key, so it cannot vouch for another`);
  append(checkpoints, signer.introduce({ publicKey, at: Date.now(), isFirst: false }));
  process.stdout.write(
    `${checkpoints}: key ${keyIdOf(publicKey)} may sign from now on. Set JIT_CHECKPOINT_KEY to ${newPath} and start the bot again.\n`,
  );
  return 0;
}
