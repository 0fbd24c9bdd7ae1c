import { once } from 'node:events';
import { type LedgerEvent, subjectOf } from '../domain/events.ts';
import { toOcsf } from '../forwarding/ocsf.ts';
import { createRowWriter, exportEvents, exportRows } from '../ledger/history/export.ts';
import { openToRead } from '../ledger/open/toRead.ts';
import { eventSentence } from '../wording/eventSentences.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { LEDGER_EXPORT } from '../wording/terminal/options.ts';
import { inTerminal } from './inTerminal.ts';
import { databasePath, instantOption } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

const FORMATS: Readonly<Record<string, { head: string; line: (event: LedgerEvent) => string }>> = {
  csv: {
    head: 'seq,time,type,actor,request,grant,role,person,text,hash',
    line: (event) => {
      const { role } = event.payload as { role?: string };
      const actor = event.actor.kind === 'person' ? event.actor.name : 'jit';
      return [
        event.seq,
        new Date(event.at).toISOString(),
        event.type,
        actor,
        event.requestId ?? '',
        event.grantId ?? '',
        role ?? '',
        subjectOf(event)?.name ?? '',
        inTerminal(eventSentence(event)),
        event.hash,
      ]
        .map(cell)
        .join(',');
    },
  },
  ocsf: { head: '', line: (event) => JSON.stringify(toOcsf(event, inTerminal(eventSentence(event)))) },
};

/** Quotes a cell so that no spreadsheet takes typed text for a formula (CSV injection). */
function cell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Streams events to standard output, so that memory does not grow with their number. */
export async function exportLedger({ values, files }: Given<typeof LEDGER_EXPORT>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const format = FORMATS[values.format ?? ''];
  const isJsonl = (values.format ?? 'jsonl') === 'jsonl';
  if (!format && !isJsonl)
    throw new UsageError(MISUSE.noneOf('--format', `${values.format}`, ['jsonl', ...Object.keys(FORMATS)].join(', ')));
  const from = instantOption('--from', values.from) ?? 0;
  const to = instantOption('--to', values.to, 'ends') ?? Number.MAX_SAFE_INTEGER;
  const ledger = await openToRead(databasePath(files[0]));
  try {
    const lines = format
      ? exportEvents(ledger, { from, to }).map(format.line)
      : exportRows(ledger, { from, to }).map(createRowWriter(ledger));
    if (format?.head) process.stdout.write(`${format.head}\n`);
    for (const line of lines) if (!process.stdout.write(`${line}\n`) && !(await isRead())) break;
    return 0;
  } finally {
    ledger.close();
  }
}

/** Waits until there is room for more. @returns false if the reader, such as `head`, has stopped reading */
async function isRead(): Promise<boolean> {
  try {
    await once(process.stdout, 'drain');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return false;
    throw error;
  }
}
