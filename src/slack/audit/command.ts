import { isRefused } from '../../domain/refusal.ts';
import { cut } from '../../domain/text.ts';
import { checkAuditor } from '../../lifecycle/eligibility.ts';
import { section } from '../blocks.ts';
import type { Command } from '../commands/command.ts';
import { refusalSentence } from '../sentences.ts';
import { auditLine } from './lines.ts';
import { linksTo } from './links.ts';
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
    const links = await linksTo(shown, { client: call.client, search: call.search, log: call.deps.log });
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
