/** The commands after `/jit`: how each is written, what it is for, and its answers. */

import type { Decision, RuleOutcome } from '../domain/decision.ts';
import type { Instant } from '../domain/terms.ts';
import { EFFECTS, ruleReasons } from './decisions.ts';
import { capital, code, joined, people, type Sentence, say, time } from './pieces.ts';

interface Usage {
  readonly usage: string;
  readonly help: Sentence;
}

export const USAGE = {
  request: {
    usage: '/jit request RESOURCE [ROLE] [DURATION] [REASON…]',
    help: say`ask in one line, e.g. \`/jit request payments read 30m stuck payments\`. \`until 18:00\` and \`tomorrow 09:00-11:00\` work too`,
  },
  list: { usage: '/jit list', help: say`your access and your requests` },
  extend: { usage: '/jit extend [RESOURCE] [DURATION]', help: say`ask for more time` },
  revoke: { usage: '/jit revoke [RESOURCE]', help: say`I’m done: end my access now` },
  cancel: { usage: '/jit cancel [REQUEST]', help: say`cancel a request that is waiting` },
  onCall: { usage: '/jit oncall', help: say`your shifts in PagerDuty, and what you can ask for now` },
  why: { usage: '/jit why [REQUEST]', help: say`which rule decided a request, and what would have made it automatic` },
  breakGlass: {
    usage: '/jit break-glass RESOURCE ROLE [DURATION] REASON…',
    help: say`in an emergency, if the policy lets you: access now, announced, and reviewed afterwards`,
  },
  away: { usage: '/jit away', help: say`name somebody who reviews for you while you are away` },
  back: { usage: '/jit back', help: say`review for yourself again` },
  secondFactor: { usage: '/jit second-factor', help: say`set up one-time codes, for roles that need one` },
  audit: {
    usage: '/jit audit [PERSON] [RESOURCE or ROLE] [REQUEST] [INCIDENT] [7d]',
    help: say`for auditors: search the ledger, e.g. \`/jit audit ana payments-db 30d\``,
  },
  accessReview: {
    usage: '/jit access-review',
    help: say`for administrators: ask owners whether each rule is still right`,
  },
  admin: {
    usage: '/jit admin',
    help: say`for administrators: see and end access, freeze everything, reload the policy. \`/jit admin freeze REASON\` freezes without a form`,
  },
} as const satisfies Readonly<Record<string, Usage>>;

export const HELP = {
  title: 'What I can do',
  head: say`*Access for as long as you need it, and no longer.*\n\`/jit\` opens the request form: pick what you need, for how long, and say why.`,
  line: ({ usage, help }: Usage): Sentence => say`${code(usage)}: ${help}`,
  tail: say`\`/jit help\`: this list`,
  unknown: (typed: string, nearest: string | null): Sentence =>
    nearest === null
      ? say`I don’t know “${typed}”. ${code('/jit help')} shows everything I know.`
      : say`I don’t know “${typed}”. Did you mean ${code(`/jit ${nearest}`)}?`,
} as const;

/** What the form says about a command that was not understood. */
export const UNCLEAR = {
  resource: (typed: string): Sentence => say`I’m not sure what “${typed}” is. Pick it here.`,
  anyRole: (resource: string): Sentence => say`Which role of ${resource}? Pick it here.`,
  role: (typed: string, resource: string): Sentence =>
    say`I’m not sure what “${typed}” means for ${resource}. Pick the role here.`,
  time: (typed: string): Sentence =>
    say`I did not understand “${typed}”. Choose how long and when here, and check the reason.`,
} as const;

const none = (what: string, typed: string): Sentence =>
  typed === ''
    ? say`${what}.`
    : say`${what} that starts with “${typed}”. ${code('/jit list')} shows your access and requests.`;

export const OWN = {
  nothingHeld: (typed: string): Sentence => none('You have no access', typed),
  nothingToExtend: (typed: string): Sentence => none('You have no access to extend', typed),
  nothingWaiting: (typed: string): Sentence => none('You have no waiting request', typed),
  nothingAtAll: say`You have no access and no waiting requests. ${code('/jit')} asks for access.`,
  whichOne: say`Which one?`,
  all: say`Your access and your requests`,
  grant: (role: string, state: Sentence): Sentence => say`*${role}*\n${state}`,
  request: (role: string, id: string, state: Sentence): Sentence => say`*${role}* ${code(id)}\n${state}`,
  more: (count: number, roles: readonly string[], again: string): Sentence =>
    say`and ${count} more: ${joined(roles.map(code), ', ')}. Type ${code(again)} with the name of one.`,
} as const;

export const ON_CALL = {
  text: say`You and PagerDuty`,
  shifts: (lines: Sentence): Sentence => say`*On call*\n${lines}`,
  unknown: (problem: string): Sentence => say`:warning: ${problem}.`,
  none: say`You are not on call in PagerDuty.`,
  shift: (shift: {
    level: number;
    policy: string;
    schedule: string | null;
    end: Instant | null;
    zone: string;
  }): Sentence =>
    say`• level ${shift.level} for *${shift.policy}*${shift.schedule === null ? '' : ` (${shift.schedule})`}${shift.end === null ? ', with no end' : say`, until ${time(shift.end, shift.zone)}`}`,
  possible: (lines: Sentence): Sentence => say`*What you can ask for now*\n${lines}`,
  nothing: say`nothing that the policy allows you`,
  more: (count: number): Sentence => say`\nand ${count} more: ${code('/jit')} finds them.`,
} as const;

const OUTCOMES: Readonly<Record<RuleOutcome['outcome'], Sentence>> = {
  met: say`:white_check_mark: applies`,
  not_met: say`:x: does not apply`,
  unknown: say`:grey_question: could not be checked`,
};

const DECIDED: Readonly<Record<Decision['effect'], string>> = {
  allow: 'automatic',
  ask: 'needs approval',
  deny: 'denied',
  break_glass: 'break-glass',
  canary: 'canary',
};

/** For a decision that no rule made: it came before the rules, replaced them, or none applied. */
const unruled = (decision: Decision): Sentence =>
  decision.outcomes.length > 0
    ? say`No rule allowed it.`
    : capital(say`*${DECIDED[decision.effect]}*: ${decision.reasons.join('; ')}.`);

export const WHY = {
  text: (id: string): Sentence => say`Request ${code(id)}`,
  nothingYet: say`You have not asked for anything yet.`,
  noRequest: (id: string): Sentence => say`There is no request ${code(id)}.`,
  notForYou: say`Only the requester, the reviewers of the role and administrators can see this.`,
  head: (role: string, who: string, id: string, state: Sentence): Sentence =>
    say`*${role}* for ${people([who])} ${code(id)}\n${state}`,
  /** Which rule decided, each rule and whether it applied, and what would have made it automatic. */
  explanation: (decision: Decision): Sentence => {
    const decided =
      decision.effect === 'break_glass'
        ? say`Break-glass: the rules did not decide this.`
        : decision.effect === 'canary'
          ? say`The canary: the rules did not decide this.`
          : decision.rule === null
            ? unruled(decision)
            : say`Rule ${decision.rule} decided: *${DECIDED[decision.effect]}*.`;
    const rules = decision.outcomes.map(
      (outcome) =>
        say`${outcome.rule}. ${capital(say`${EFFECTS[outcome.effect]}`)}: ${OUTCOMES[outcome.outcome]}. ${capital(ruleReasons(outcome))}.`,
    );
    const missed = decision.outcomes.filter(({ effect, outcome }) => effect === 'allow' && outcome !== 'met');
    const pass =
      decision.effect === 'allow' || missed.length === 0
        ? ''
        : say`\nIt would have been automatic if ${missed.map(({ rule }) => `rule ${rule}`).join(' or ')} had applied.`;
    return say`${joined([decided, ...rules], say`\n`)}${pass}`;
  },
} as const;
