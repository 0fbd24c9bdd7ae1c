import type { LedgerEvent } from '../../domain/events.ts';
import { isRefused } from '../../domain/refusal.ts';
import { checkAuditor } from '../../lifecycle/eligibility.ts';
import { cut, section } from '../blocks.ts';
import { slackProblem } from '../clients.ts';
import type { Call, Command } from '../commands/command.ts';
import { refusalSentence } from '../sentences.ts';
import { auditLine } from './lines.ts';
import { readQuestion } from './question.ts';

/** Events shown at most; more is what `jit audit` in the terminal and the export are for. */
const MOST_EVENTS = 20;
const LINE_TEXT = 500;

export const audit: Command = {
  names: ['audit'],
  usage: '`/jit audit [PERSON] [RESOURCE or ROLE] [REQUEST] [INCIDENT] [7d]`',
  help: 'for auditors: what the record says, such as `/jit audit ana payments-db 30d`',
  run: async (call) => {
    const standing = await checkAuditor(call.deps, call.personId);
    if (isRefused(standing)) return call.tell(refusalSentence(standing.refused));
    const filter = readQuestion(call.deps.policy, call.text, call.deps.clock.now());
    const found = call.search.find({ ...filter, limit: MOST_EVENTS + 1 });
    if (found.length === 0) return call.tell('The record has nothing that fits all of that.');
    const shown = found.slice(-MOST_EVENTS);
    const links = await linksTo(call, shown);
    const blocks = shown.map((event) => {
      const link = event.requestId ? links.get(event.requestId) : undefined;
      return section(`${cut(auditLine(event), LINE_TEXT)}${link ? ` <${link}|thread>` : ''}`);
    });
    const more =
      found.length > MOST_EVENTS
        ? `The newest ${MOST_EVENTS} of more: ask more narrowly, or use \`jit audit\` in the terminal.`
        : '';
    return call.tell('What the record says', [...(more ? [section(more)] : []), ...blocks]);
  },
};

/** Where each request is talked about. */
async function linksTo(
  { client, posts, deps }: Call,
  events: readonly LedgerEvent[],
): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const requestId of new Set(events.flatMap((event) => event.requestId ?? []))) {
    const bundle = (await deps.store.request(requestId))?.value.bundle;
    const post = bundle && posts.find(`card:${bundle}`);
    if (!post) continue;
    try {
      const { permalink } = await client.chat.getPermalink({ channel: post.channel, message_ts: post.ts });
      if (permalink) links.set(requestId, permalink);
    } catch (error) {
      deps.log.warn({ problem: slackProblem(error), requestId }, 'a link to a request could not be made');
    }
  }
  return links;
}
