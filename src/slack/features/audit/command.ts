import { isRefused } from '../../../domain/refusal.ts';
import { type Entry, entriesOf } from '../../../lifecycle/auditEntries.ts';
import { sayLooked } from '../../../lifecycle/health/integrity.ts';
import { checkAuditor } from '../../../lifecycle/people/eligibility.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { AUDIT } from '../../../wording/audit.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { principalsIn } from '../../../wording/names.ts';
import { storySentence } from '../../../wording/stories.ts';
import { section } from '../../kit/blocks.ts';
import type { Call, Command } from '../../kit/command.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { refusalText } from '../../kit/refusals.ts';
import { cutMarkup } from '../../link/markup.ts';
import { auditLine } from '../../outbox/auditMessage.ts';
import { roleNameIn } from '../../outbox/shown.ts';
import { linksTo } from './links.ts';
import { readQuestion } from './question.ts';

/** Maximum number of requests to show. For more, there are `jitbot audit` and the export. */
const MOST_ENTRIES = 20;
/** Maximum number of events to search. */
const MOST_EVENTS = 1_000;
const LINE_TEXT = 500;

export const audit: Command = {
  names: ['audit'],
  words: USAGE.audit,
  failed: drawn(ERRORS.notLookedUp),
  run: async (call) => {
    const looked = /^looked(?:\s+|$)/i.exec(call.text);
    if (looked) return saysLooked(call, call.text.slice(looked[0].length));
    const standing = await checkAuditor(call.deps, call.personId);
    if (isRefused(standing)) return call.tell(refusalText(standing.refused));
    const filter = readQuestion(call.deps.policy, call.text, call.deps.clock.now());
    const found = await call.search.find({ ...filter, limit: MOST_EVENTS });
    if (found.length === 0) return call.tell(drawn(AUDIT.nothing));
    const entries = await entriesOf(found, call.search, MOST_ENTRIES + 1);
    return filter.requestId === undefined ? tellEntries(call, entries) : tellRequest(call, entries);
  },
};

/** One line for each request, newest last. */
async function tellEntries(call: Call, entries: readonly Entry[]): Promise<void> {
  const shown = entries.slice(-MOST_ENTRIES);
  const more = entries.length > MOST_ENTRIES ? [paragraph(AUDIT.more(MOST_ENTRIES))] : [];
  return call.tell(drawn(AUDIT.found), [...more, ...(await linesOf(call, shown))]);
}

/** One request with all its events. */
async function tellRequest(call: Call, entries: readonly Entry[]): Promise<void> {
  const single = entries.flatMap(({ events }) =>
    events.slice(-MOST_ENTRIES).map((event) => ({ story: null, events: [event] })),
  );
  const [head, behind] = [await linesOf(call, entries), await linesOf(call, single, false)];
  return call.tell(drawn(AUDIT.found), [...(entries[0]?.story ? head : []), ...behind]);
}

async function linesOf(call: Call, entries: readonly Entry[], isLinked = true): Promise<ReturnType<typeof section>[]> {
  const { deps, client, search } = call;
  const newest = entries.flatMap(({ events }) => events.at(-1) ?? []);
  const names = await deps.directory.names(principalsIn(newest));
  const links = isLinked ? await linksTo(newest, { client, search, log: deps.log }) : new Map<string, string>();
  return entries.flatMap(({ story, events }) => {
    const event = events.at(-1);
    if (!event) return [];
    const link = event.requestId ? links.get(event.requestId) : undefined;
    const line = story ? drawn(storySentence(story, roleNameIn(deps.policy, story.role))) : auditLine(event, names);
    return [section(`${cutMarkup(line, LINE_TEXT)}${link ? ` <${link}|${AUDIT.thread}>` : ''}`)];
  });
}

/** Records that an administrator has looked at what the bot could not compare. */
async function saysLooked(call: Call, reason: string): Promise<void> {
  const result = await sayLooked(call.deps, { personId: call.personId, reason });
  await call.tell(isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.looked));
}
