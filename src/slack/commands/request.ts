import { isRefused, type Refusal } from '../../domain/refusal.ts';
import { breakGlass, checkEmergency } from '../../lifecycle/breakGlass.ts';
import { usualIncident } from '../../lifecycle/outlook.ts';
import { checkSubmission, submitRequest } from '../../lifecycle/submitRequest.ts';
import { plain } from '../blocks.ts';
import { FAILED, GLASS_NOT_BROKEN } from '../failures.ts';
import { answerLines } from '../request/answers.ts';
import { openForm, type Prefill } from '../request/form.ts';
import { keysOf, type Line, parseLine, type Unclear } from '../request/line.ts';
import type { Mode } from '../request/modal.ts';
import { chosenRole } from '../request/values.ts';
import { resolveTimes } from '../request/when.ts';
import { refusalSentence } from '../sentences.ts';
import type { Call, Command } from './command.ts';

/** Asking in one line. Complete, it is decided at once; otherwise the form opens with what was understood. */

export const request: Command = {
  names: ['request', 'ask'],
  usage: '`/jit request RESOURCE [ROLE] [DURATION] [REASON…]`',
  help: 'the same in one line, such as `/jit request payments read 30m stuck payments`; also `until 18:00`, `tomorrow 09:00-11:00`',
  failed: FAILED,
  run: async (call) => {
    const line = parseLine(call.deps.policy, call.text);
    const asked = await complete(call, line);
    const submission = { ...asked, roles: keysOf(line), submissionKey: call.callId, factor: null };
    const wrong = checkSubmission(call.deps, submission);
    const needsForm =
      line.unclear !== null ||
      line.roles.some((role) => role.secondFactor.request) ||
      line.reason === '' ||
      (line.duration === null && line.times === null) ||
      wrong.length > 0;
    if (needsForm) return openForm(call, call, prefill(call, 'request', line, wrong));
    const incidentId = await incidentFor(call);
    return call.tell(answerLines(await submitRequest(call.deps, { ...submission, incidentId })).join('\n'));
  },
};

export const breakGlassCommand: Command = {
  names: ['break-glass', 'breakglass', 'emergency'],
  usage: '`/jit break-glass RESOURCE ROLE [DURATION] REASON…`',
  help: 'in an emergency, where the policy lets you: at once, announced, and reviewed afterwards',
  failed: GLASS_NOT_BROKEN,
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
    return call.tell(answerLines(answer).join('\n'));
  },
};

/** As the form does: with one open incident, that is what it is for. */
async function incidentFor({ deps, personId }: Call): Promise<string | null> {
  const person = await deps.directory.person(personId);
  return person.known ? usualIncident(deps, person.value) : null;
}

/** The line with its times worked out, which takes a look at whose clock they are on. */
async function complete({ deps, personId }: Call, { duration, times, reason }: Line) {
  const common = { personId, reason, incidentId: null };
  if (!times) return { ...common, duration: duration ?? Number.NaN, startsAt: null };
  const person = await deps.directory.person(personId);
  const zone = person.known ? person.value.timeZone : 'UTC';
  const { startsAt, duration: worked } = resolveTimes(times, zone, deps.clock.now(), duration);
  return { ...common, startsAt, duration: worked ?? Number.NaN };
}

/** @param wrong what speaks against it as it was typed; what was simply left out, the form asks for by itself */
function prefill({ deps }: Call, mode: Mode, line: Line, wrong: readonly Refusal[]): Prefill {
  const word = [
    ...(line.unclear ? [unclearSentence(line.unclear)] : []),
    ...wrong.filter(({ code }) => SAID.has(code)).map(refusalSentence),
  ].join('\n');
  return {
    mode,
    role: chosenRole(deps.policy, keysOf(line)[0] ?? null),
    duration: line.duration,
    times: line.times,
    reason: line.reason,
    ...(word && { word }),
  };
}

/** Refusals of something that was typed, and not of something that is missing. */
const SAID: ReadonlySet<Refusal['code']> = new Set(['duration_too_long', 'start_not_ahead', 'start_too_far']);

function unclearSentence(unclear: Unclear): string {
  switch (unclear.what) {
    case 'resource':
      return `I am not sure what “${plain(unclear.typed)}” is; pick it here.`;
    case 'role':
      return unclear.typed === null
        ? `Which role of ${plain(unclear.resource)}? Pick it here.`
        : `I am not sure what “${plain(unclear.typed)}” means for ${plain(unclear.resource)}; pick the role here.`;
    case 'time':
      return `I did not understand “${plain(unclear.typed)}”. Choose how long and when here, and check the reason.`;
  }
}
