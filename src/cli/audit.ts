import { systemClock } from '../app/clock.ts';
import { parseDuration } from '../domain/duration.ts';
import type { LedgerEvent } from '../domain/events.ts';
import { eventSearch } from '../ledger/history/search.ts';
import { openToRead } from '../ledger/open/toRead.ts';
import { type Entry, entriesOf } from '../lifecycle/auditEntries.ts';
import type { Log } from '../ports/host.ts';
import type { EventSearch } from '../ports/ledger.ts';
import { eventSentence } from '../wording/eventSentences.ts';
import { principalsIn } from '../wording/names.ts';
import { storySentence } from '../wording/stories.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { AUDIT } from '../wording/terminal/options.ts';
import { RESULTS } from '../wording/terminal/results.ts';
import { inTerminal } from './inTerminal.ts';
import { databasePath, instantOption } from './options.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

const DEFAULT_LIMIT = 200;
const TERMINAL: Pick<Log, 'warn'> = {
  warn: (facts, message) => void process.stderr.write(`${message}: ${JSON.stringify(facts)}\n`),
};

interface Telling {
  readonly names: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
  readonly withEvents: boolean;
}

/**
 * One line for each request, as in `/jit audit`, followed by its events if they are wanted. Events without a request
 * get a line of their own.
 */
function linesOf({ story, events }: Entry, { names, links, withEvents }: Telling): string[] {
  const told = events.map((event) => inTerminal(eventSentence(event, names)));
  if (story === null) return told;
  const link = links.get(story.requestId);
  const line = `${inTerminal(storySentence(story, story.role))}${link ? ` ${link}` : ''}`;
  return withEvents ? [line, ...told.map((one) => `  ${one}`)] : [line];
}

/** Exit codes: 0 something was found, 1 nothing was found, 2 the look-up failed. */
export async function audit({ values, files }: Given<typeof AUDIT>): Promise<number> {
  if (files.length > 1) throw new UsageError(MISUSE.oneDatabase(files.length));
  const period = values.since === undefined ? null : parseDuration(values.since);
  if (values.since !== undefined && period === null)
    throw new UsageError(MISUSE.notADuration('--since', values.since, '30d'));
  const from = period === null ? instantOption('--from', values.from) : Date.now() - period;
  const to = instantOption('--to', values.to, 'ends');
  const role = values.role ?? values.resource;
  const limit = Number(values.limit ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError(MISUSE.limit(`${values.limit}`));
  const ledger = await openToRead(databasePath(files[0]));
  try {
    const search = eventSearch(ledger);
    const found = await search.find({
      limit,
      ...(values.person !== undefined && { person: values.person }),
      ...(role !== undefined && { role }),
      ...(values.request !== undefined && { requestId: values.request }),
      ...(values.incident !== undefined && { incidentId: values.incident }),
      ...(from !== null && { from }),
      ...(to !== null && { to }),
    });
    const named = principalsIn(found);
    const slack = values.links ? await fromSlack(found, { named, search }) : null;
    const names = new Map([...(slack?.names ?? []), ...(await search.namesOf(named))]);
    const links = slack?.links ?? new Map<string, string>();
    const tell = { names, links, withEvents: values.events === true || values.request !== undefined };
    const lines = values.json
      ? found.map((event) => JSON.stringify(event))
      : (await entriesOf(found, search, limit)).flatMap((entry) => linesOf(entry, tell));
    for (const line of lines) process.stdout.write(`${line}\n`);
    if (found.length === 0) process.stderr.write(`${RESULTS.nothingFound}\n`);
    return found.length === 0 ? 1 : 0;
  } finally {
    ledger.close();
  }
}

/** Links to the threads of requests, and people's names. Slack's client is loaded only here. */
async function fromSlack(
  found: readonly LedgerEvent[],
  { named, search }: { named: readonly string[]; search: EventSearch },
) {
  const [{ QUIET, slackClient }, { createDirectory }, { linksTo }] = await Promise.all([
    import('./slackClient.ts'),
    import('../slack/directory/directory.ts'),
    import('../slack/features/audit/links.ts'),
  ]);
  const client = slackClient('--links', QUIET);
  return {
    links: await linksTo(found, { client, search, log: TERMINAL }),
    names: await createDirectory(client, { clock: systemClock(0), log: QUIET }).names(named),
  };
}
