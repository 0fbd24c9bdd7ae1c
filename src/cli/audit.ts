import { parseDuration } from '../domain/duration.ts';
import { type Instant, SECOND } from '../domain/terms.ts';
import { openLedgerToRead } from '../ledger/open.ts';
import { eventSearch } from '../ledger/search.ts';
import type { Log } from '../ports.ts';
import { auditLine } from '../slack/audit/lines.ts';
import { linksTo } from '../slack/audit/links.ts';
import type { Command } from './jit.ts';
import { complain, databasePath, instantOption, readOptions, UsageError } from './options.ts';
import { QUIET, slackClient } from './slackClient.ts';

const USAGE = [
  'jit audit [--person NAME] [--resource ID | --role KEY] [--request ID] [--incident ID] [--since 30d | --from DATE --to DATE] [--limit 200] [--json | --links]   who had access to what, when, why, on whose word',
];
const DEFAULT_LIMIT = 200;
const TERMINAL: Pick<Log, 'warn'> = {
  warn: (facts, message) => void process.stderr.write(`${message}: ${JSON.stringify(facts)}\n`),
};

/** Exit codes: 0 something was found, 1 nothing fits, 2 it could not be looked up. */
export const audit: Command = {
  usage: USAGE,
  run: (args) =>
    complain('jit audit', USAGE, async () => {
      const { values, files } = readOptions(args, {
        person: 'string',
        resource: 'string',
        role: 'string',
        request: 'string',
        incident: 'string',
        since: 'string',
        from: 'string',
        to: 'string',
        limit: 'string',
        json: 'boolean',
        links: 'boolean',
      });
      if (files.length > 1) throw new UsageError(`one database at a time, not ${files.length}`);
      const period = values.since === undefined ? null : parseDuration(values.since);
      if (values.since !== undefined && period === null)
        throw new UsageError(`--since ${values.since} is no duration such as 30d`);
      const from = period === null ? instantOption('--from', values.from) : Date.now() - period;
      const to = instantOption('--to', values.to, 'ends');
      const role = values.role ?? values.resource;
      const limit = Number(values.limit ?? DEFAULT_LIMIT);
      if (!Number.isInteger(limit) || limit < 1) throw new UsageError(`--limit ${values.limit} is no number of events`);
      const ledger = openLedgerToRead(databasePath(files[0]));
      try {
        const search = eventSearch(ledger);
        const found = search.find({
          limit,
          ...(values.person !== undefined && { person: values.person }),
          ...(role !== undefined && { role }),
          ...(values.request !== undefined && { requestId: values.request }),
          ...(values.incident !== undefined && { incidentId: values.incident }),
          ...(from !== null && { from }),
          ...(to !== null && { to }),
        });
        const links = values.links
          ? await linksTo(found, { client: slackClient('--links', QUIET), search, log: TERMINAL })
          : new Map<string, string>();
        for (const event of found) {
          const link = links.get(event.requestId ?? '');
          const line = `${asText(auditLine(event))}${link ? ` ${link}` : ''}`;
          process.stdout.write(`${values.json ? JSON.stringify(event) : line}\n`);
        }
        if (found.length === 0) process.stderr.write('The record has nothing that fits all of that.\n');
        return found.length === 0 ? 1 : 0;
      } finally {
        ledger.close();
      }
    }),
};

/** A line of the audit channel, for the terminal: without Slack's signs, and with the year, because records grow old. */
export const asText = (line: string): string =>
  line
    .replace(/<!date\^(\d+)\^[^>]*>/g, (_, seconds: string) => instantText(Number(seconds) * SECOND))
    .replace(/^:[a-z_]+: /, '')
    .replace(/[*`\u2060]/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const instantText = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
