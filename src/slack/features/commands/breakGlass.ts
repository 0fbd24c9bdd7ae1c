import { isRefused } from '../../../domain/refusal.ts';
import { breakGlass, checkEmergency } from '../../../lifecycle/breakGlass/breakGlass.ts';
import { usualIncident } from '../../../lifecycle/request/outlook.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Call, Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { answerText } from '../../outbox/answers.ts';
import { openForm } from '../request/form.ts';
import { keysOf, parseLine } from '../request/parseCommandLine.ts';
import { complete, prefill } from './oneLine.ts';

export const breakGlassCommand: Command = {
  names: ['break-glass', 'breakglass', 'emergency'],
  words: USAGE.breakGlass,
  failed: drawn(ERRORS.notGranted),
  run: async (call) => {
    const line = parseLine(call.deps.policy, call.text);
    const [role = ''] = keysOf(line);
    const asked = await complete(call, line);
    const duration = Number.isNaN(asked.duration) ? (line.roles[0]?.breakGlass?.max ?? Number.NaN) : asked.duration;
    const input = { ...asked, duration, role, submissionKey: call.callId, factor: null };
    const wrong = checkEmergency(call.deps, input).filter(({ code }) => code !== 'no_break_glass');
    const needsForm = line.unclear !== null || line.roles.some((one) => one.secondFactor.request) || wrong.length > 0;
    if (needsForm) return openForm(call, call, prefill(call, 'break_glass', line, wrong));
    const result = await breakGlass(call.deps, { ...input, incidentId: await incidentFor(call) });
    const answer = isRefused(result)
      ? { requests: [], refused: [{ role, refusal: result.refused }] }
      : { requests: [result], refused: [] };
    return call.tell(answerText(call.deps.policy, answer));
  },
};

/** Like the form: if there is exactly one open incident, the request is for it. */
async function incidentFor({ deps, personId }: Call): Promise<string | null> {
  const person = await deps.directory.person(personId);
  return person.known ? usualIncident(deps, person.value) : null;
}
