import { roleKey } from '../../../domain/policy.ts';
import { isRefused } from '../../../domain/refusal.ts';
import type { Deps } from '../../../lifecycle/deps.ts';
import { type Possible, possibleNow } from '../../../lifecycle/request/outlook.ts';
import { OUTLOOK } from '../../../wording/answers.ts';
import { ON_CALL, USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { joined, type Sentence, say } from '../../../wording/pieces.ts';
import type { Command } from '../../kit/command.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { refusalText } from '../../kit/refusals.ts';
import { roleNameIn } from '../../outbox/shown.ts';

/** Maximum number of roles to list. The form finds the others. */
const MOST_ROLES = 25;

export const onCall: Command = {
  names: ['oncall', 'on-call', 'whoami'],
  words: USAGE.onCall,
  failed: drawn(ERRORS.notLookedUp),
  run: async ({ deps, personId, tell }) => {
    const person = await deps.directory.person(personId);
    if (!person.known) return tell(refusalText({ code: 'person_refused', problem: person.problem }));
    const [entries, possible] = await Promise.all([
      deps.onCall.entries(person.value, 'preview'),
      possibleNow(deps, person.value),
    ]);
    const shifts = !entries.known
      ? ON_CALL.unknown(entries.problem)
      : entries.value.length === 0
        ? ON_CALL.none
        : joined(
            entries.value.map(({ level, escalationPolicy, schedule, end }) =>
              ON_CALL.shift({
                level,
                policy: escalationPolicy.name,
                schedule: schedule?.name ?? null,
                end,
                zone: person.value.timeZone,
              }),
            ),
            say`\n`,
          );
    return tell(drawn(ON_CALL.text), [
      paragraph(ON_CALL.shifts(shifts)),
      paragraph(ON_CALL.possible(possible.known ? listed(deps, possible.value) : say`${possible.problem}`)),
    ]);
  },
};

function listed(deps: Deps, possible: readonly Possible[]): Sentence {
  const lines = possible.slice(0, MOST_ROLES).map((one) => say`• ${possibleSentence(deps, one)}`);
  const rest = possible.length > MOST_ROLES ? ON_CALL.more(possible.length - MOST_ROLES) : '';
  return lines.length === 0 ? ON_CALL.nothing : say`${joined(lines, say`\n`)}${rest}`;
}

/** The expected decision for a role, in one line. */
export function possibleSentence({ policy }: Pick<Deps, 'policy'>, { role, outlook }: Possible): Sentence {
  const name = roleNameIn(policy, roleKey(role));
  if (isRefused(outlook)) {
    const { refused } = outlook;
    if (refused.code === 'already_holds') return OUTLOOK.yours(name, refused.until);
    return refused.code === 'already_pending' ? OUTLOOK.waiting(name) : OUTLOOK.other(name);
  }
  const { decision } = outlook;
  if (decision.effect === 'allow') return OUTLOOK.automatic(name);
  return decision.effect === 'ask' ? OUTLOOK.ask(name, decision) : OUTLOOK.other(name);
}
