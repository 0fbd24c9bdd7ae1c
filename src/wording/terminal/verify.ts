/** `jitbot ledger verify`. */

import type { Restored } from '../../domain/restore.ts';
import { counted } from '../../domain/text.ts';
import { HOW_TO_COPY } from './problems.ts';

/** What was done to a ledger that fails its check. */
export const TAMPERING = {
  edited: 'Somebody edited that event in the database.',
  missing: 'Somebody deleted events in the middle.',
  replaced: 'Somebody replaced, swapped or inserted events.',
  cut: 'Somebody cut off the newest events, or put an older copy in place.',
  rewritten: 'Somebody rewrote the ledger from that event on, with a chain of its own.',
  checkpoints: 'Somebody tampered with the checkpoints themselves, or they are of another ledger.',
} as const;

const missing = (from: number, to: number): string => (from === to ? `Event ${from}` : `Events ${from} to ${to}`);

export const VERIFIED = {
  whole: (events: number, anchors: number, head: string): string =>
    `whole: ${counted(events, 'event')}, each continuing the one before${anchors > 0 ? `, and agrees with ${counted(anchors, 'position')} kept elsewhere` : ''}\nhead: ${head}`,
  notWhole: (path: string, problem: string, kind: string): string => `NOT WHOLE: ${path}\n${problem}.\n${kind}`,
  before: (problem: string, seq: number): string => `${problem}. Everything before event ${seq} is as it was recorded`,
  begins: (first: number): string =>
    `It begins at event ${first} and continues the archive that the chain names. --archives checks that archive too.`,
  restored: ({ at, payload: { from, known } }: Restored): string =>
    `A copy that ends with event ${from.seq} was put in place at ${new Date(at).toISOString()}${known === null ? '' : `. ${missing(from.seq + 1, known.seq)} of the earlier ledger ${known.seq === from.seq + 1 ? 'is' : 'are'} not in it`}.`,
  foreign: (count: number): string =>
    `${counted(count, 'message')} in the audit channel ${count === 1 ? 'has' : 'have'} the bot’s marks but ${count === 1 ? 'is' : 'are'} not its own. ${count === 1 ? 'It was' : 'They were'} not believed.`,
  perhapsShort: (wal: string): string =>
    `This may not be all of it: it does not end with a stop of the bot, and there is no ${wal} next to it. ${HOW_TO_COPY}.`,
  nothingCompared:
    'All positions that were kept elsewhere are of events in an archive, so nothing was compared. Name the archives with --archives.',
  compare:
    'A chain alone cannot show that its end was cut off: compare the head with the newest message of the audit channel, or use --checkpoints or --from-slack.',
} as const;
