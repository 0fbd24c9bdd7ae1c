import { isRefused } from '../../domain/refusal.ts';
import { breakGlass, checkEmergency } from '../../lifecycle/breakGlass.ts';
import { checkSubmission, submitRequest } from '../../lifecycle/submitRequest.ts';
import { plain } from '../blocks.ts';
import { answerLines } from '../request/answers.ts';
import { openForm, type Prefill } from '../request/form.ts';
import { keysOf, type Line, parseLine, resolveTimes } from '../request/line.ts';
import type { Mode } from '../request/modal.ts';
import { chosenRole } from '../request/values.ts';
import type { Call, Command } from './command.ts';

/** Asking in one line. Complete, it is decided at once; otherwise the form opens with what was understood. */

export const request: Command = {
  names: ['request', 'ask'],
  usage: '`/jit request RESOURCE [ROLE] [DURATION] [REASON…]`',
  help: 'the same in one line, such as `/jit request payments read 30m stuck payments`; also `until 18:00`, `tomorrow 09:00-11:00`',
  run: async (call) => {
    const line = parseLine(call.deps.policy, call.text);
    const asked = await complete(call, line);
    const submission = { ...asked, roles: keysOf(line), submissionKey: call.callId, factor: null };
    const needsForm =
      line.unclear !== null ||
      line.roles.some((role) => role.secondFactor.request) ||
      line.reason === '' ||
      (line.duration === null && line.times === null) ||
      checkSubmission(call.deps, submission).length > 0;
    if (needsForm) return openForm(call, call, prefill(call, 'request', line));
    return call.tell(answerLines(await submitRequest(call.deps, submission)).join('\n'));
  },
};

export const breakGlassCommand: Command = {
  names: ['break-glass', 'breakglass', 'emergency'],
  usage: '`/jit break-glass RESOURCE ROLE [DURATION] REASON…`',
  help: 'in an emergency, where the policy lets you: at once, announced, and reviewed afterwards',
  run: async (call) => {
    const line = parseLine(call.deps.policy, call.text);
    const [role = ''] = keysOf(line);
    const asked = await complete(call, line);
    const duration = Number.isNaN(asked.duration) ? (line.roles[0]?.breakGlass?.max ?? Number.NaN) : asked.duration;
    const input = { ...asked, duration, role, submissionKey: call.callId, factor: null };
    const needsForm =
      line.unclear !== null ||
      line.roles.some((one) => one.secondFactor.request) ||
      checkEmergency(call.deps, input).some(({ code }) => code !== 'no_break_glass');
    if (needsForm) return openForm(call, call, prefill(call, 'break_glass', line));
    const result = await breakGlass(call.deps, input);
    const answer = isRefused(result)
      ? { requests: [], refused: [{ role, refusal: result.refused }] }
      : { requests: [result], refused: [] };
    return call.tell(answerLines(answer).join('\n'));
  },
};

/** The line with its times worked out, which takes a look at whose clock they are on. */
async function complete({ deps, personId }: Call, { duration, times, reason }: Line) {
  const common = { personId, reason, incidentId: null };
  if (!times) return { ...common, duration: duration ?? Number.NaN, startsAt: null };
  const person = await deps.directory.person(personId);
  const zone = person.known ? person.value.timeZone : 'UTC';
  return { ...common, ...resolveTimes(times, zone, deps.clock.now()) };
}

function prefill({ deps }: Call, mode: Mode, line: Line): Prefill {
  return {
    mode,
    role: chosenRole(deps.policy, keysOf(line)[0] ?? null),
    duration: line.duration,
    times: line.times,
    reason: line.reason,
    ...(line.unclear !== null && { word: `I am not sure what “${plain(line.unclear)}” is; pick it here.` }),
  };
}
