import type { Decision } from '../../domain/evaluate.ts';
import { findRole, reviewersOf, roleKey } from '../../domain/policy.ts';
import { isRefused } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import type { Deps } from '../../lifecycle/deps.ts';
import { areAmong } from '../../lifecycle/eligibility.ts';
import { type Possible, possibleNow } from '../../lifecycle/outlook.ts';
import { code, plain, section, time } from '../blocks.ts';
import { NOT_LOOKED_UP } from '../failures.ts';
import { roleNameIn } from '../projections.ts';
import { statusLine } from '../review/status.ts';
import { approvalsText, refusalSentence, unknownText, withNames } from '../sentences.ts';
import type { Command } from './command.ts';

/** What PagerDuty and the policy make of somebody, in words. */

/** Roles listed at most; the form finds the others. */
const MOST_ROLES = 25;

export const onCall: Command = {
  names: ['oncall', 'on-call', 'whoami'],
  usage: '`/jit oncall`',
  help: 'what PagerDuty says of you, and what that lets you do now',
  failed: NOT_LOOKED_UP,
  run: async ({ deps, personId, tell }) => {
    const person = await deps.directory.person(personId);
    if (!person.known) return tell(refusalSentence({ code: 'person_refused', problem: person.problem }));
    const [entries, possible] = await Promise.all([
      deps.onCall.entries(person.value, 'preview'),
      possibleNow(deps, person.value),
    ]);
    const shifts = !entries.known
      ? `:warning: ${plain(entries.problem)}.`
      : entries.value
          .map(
            ({ level, escalationPolicy, schedule, end }) =>
              `• level ${level} for *${plain(escalationPolicy.name)}*${schedule ? ` (${plain(schedule.name)})` : ''}${end === null ? ', with no end' : `, until ${time(end, person.value.timeZone)}`}`,
          )
          .join('\n') || 'PagerDuty says you are not on call now.';
    return tell('You and PagerDuty', [
      section(`*On call*\n${shifts}`),
      section(`*What you can ask for now*\n${possible.known ? listed(deps, possible.value) : plain(possible.problem)}`),
    ]);
  },
};

function listed(deps: Deps, possible: readonly Possible[]): string {
  const lines = possible.slice(0, MOST_ROLES).map((one) => `• ${possibleText(deps, one)}`);
  const rest = possible.length > MOST_ROLES ? `\nand ${possible.length - MOST_ROLES} more: \`/jit\` finds them.` : '';
  return `${lines.join('\n') || 'nothing that the policy would let through'}${rest}`;
}

/** What would come of asking for a role, in a line. */
export function possibleText({ policy }: Pick<Deps, 'policy'>, { role, outlook }: Possible): string {
  const name = `*${plain(roleNameIn(policy, roleKey(role)))}*`;
  if (isRefused(outlook)) {
    const { refused } = outlook;
    if (refused.code === 'already_holds') return `:key: ${name}: yours until ${time(refused.until)}`;
    return refused.code === 'already_pending' ? `:hourglass: ${name}: asked for, and waiting` : name;
  }
  const { decision } = outlook;
  if (decision.effect === 'allow') return `:white_check_mark: ${name}: at once`;
  return decision.effect === 'ask'
    ? `:hourglass: ${name}: needs ${approvalsText(decision.stages)}${unknownText(decision)}`
    : name;
}

export const why: Command = {
  names: ['why'],
  usage: '`/jit why [REQUEST]`',
  help: 'which rule decided your request, and what would have made it pass',
  failed: NOT_LOOKED_UP,
  run: async ({ deps, personId, text, tell }) => {
    const id = text.replace(/[`#\s]/g, '').toUpperCase();
    const request =
      id === '' ? (await deps.store.recentRequests(personId, 1))[0] : (await deps.store.request(id))?.value;
    if (!request) return tell(id === '' ? 'You have not asked for anything yet.' : `There is no request ${code(id)}.`);
    if (!(await maySee(deps, request, personId)))
      return tell('Only the requester, the reviewers of the role and administrators can see this.');
    return tell(`Request ${request.id}`, [
      section(
        `*${plain(roleNameIn(deps.policy, request.role))}* for <@${request.requester.slackId}> ${code(request.id)}\n${statusLine(request, null)}`,
      ),
      section(explanation(request.decision)),
    ]);
  },
};

async function maySee(deps: Deps, request: Request, personId: string): Promise<boolean> {
  if (request.requester.slackId === personId) return true;
  const role = findRole(deps.policy, request.role);
  const allowed = [...deps.policy.admins, ...(role ? reviewersOf(role) : [])];
  const among = await areAmong(deps.directory, allowed, [personId]);
  return among.known && among.value.has(personId);
}

const EFFECTS = { allow: 'allows at once', ask: 'asks reviewers', deny: 'denies' } as const;
const OUTCOMES = {
  met: ':white_check_mark: holds',
  not_met: ':x: does not hold',
  unknown: ':grey_question: could not be checked',
} as const;

/** Each rule, whether it held, and why; the deciding one is named first. */
export function explanation(decision: Decision): string {
  const decided =
    decision.effect === 'break_glass'
      ? 'Break-glass: the rules were not what decided.'
      : decision.rule === null
        ? unruled(decision)
        : `Rule ${decision.rule} decided: *${decision.effect}*.`;
  const rules = decision.outcomes.map(
    (outcome) =>
      `${outcome.rule}. ${EFFECTS[outcome.effect]}: ${OUTCOMES[outcome.outcome]}. ${capital(withNames(outcome))}.`,
  );
  const missed = decision.outcomes.filter(({ effect, outcome }) => effect === 'allow' && outcome !== 'met');
  const pass =
    decision.effect === 'allow' || missed.length === 0
      ? ''
      : `\nIt would have passed at once if ${missed.map(({ rule }) => `rule ${rule}`).join(' or ')} had held.`;
  return [decided, ...rules].join('\n') + pass;
}

/** Decided before the rules, in place of them, or because none held. */
const unruled = (decision: Decision): string =>
  decision.outcomes.length > 0
    ? 'No rule let it through.'
    : `${decision.effect === 'deny' ? 'Denied' : `Decided: *${decision.effect}*`}: ${plain(decision.reasons.join('; '))}.`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
