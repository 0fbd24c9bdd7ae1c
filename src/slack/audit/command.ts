import { isRefused } from '../../domain/refusal.ts';
import { cut } from '../../domain/text.ts';
import { checkAuditor } from '../../lifecycle/eligibility.ts';
import { sayLooked } from '../../lifecycle/integrity.ts';
import { section } from '../blocks.ts';
import type { Call, Command } from '../commands/command.ts';
import { NOT_LOOKED_UP } from '../failures.ts';
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
  failed: NOT_LOOKED_UP,
  run: async (call) => {
    const looked = /^looked(?:\s+|$)/i.exec(call.text);
    if (looked) return saysLooked(call, call.text.slice(looked[0].length));
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

/** An administrator has looked at what the bot could not compare by itself. */
async function saysLooked(call: Call, reason: string): Promise<void> {
  const result = await sayLooked(call.deps, { personId: call.personId, reason });
  await call.tell(
    isRefused(result)
      ? refusalSentence(result.refused)
      : ':white_check_mark: It is in the record that you looked. Access can be granted again.',
  );
}
