import { checkSubmission, submitRequest, USUAL_INCIDENT } from '../../../lifecycle/request/submitRequest.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import type { Command } from '../../kit/command.ts';
import { drawn } from '../../kit/drawn.ts';
import { answerText } from '../../outbox/answers.ts';
import { openForm } from '../request/form.ts';
import { keysOf, parseLine } from '../request/parseCommandLine.ts';
import { complete, prefill } from './oneLine.ts';

export const request: Command = {
  names: ['request', 'ask'],
  words: USAGE.request,
  failed: drawn(ERRORS.notRequested),
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
    const asking = { ...submission, incidentId: USUAL_INCIDENT } as const;
    return call.tell(answerText(call.deps.policy, await submitRequest(call.deps, asking)));
  },
};
