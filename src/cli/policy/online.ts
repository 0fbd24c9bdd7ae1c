/** Checks that everything a policy names exists in the Slack and PagerDuty of the environment. */

import { z } from 'zod';
import { systemClock } from '../../app/clock.ts';
import { ConfigError } from '../../config/configError.ts';
import { readSecretFiles } from '../../config/variables.ts';
import { type Condition, isGroup, type Policy, type Test } from '../../domain/policy.ts';
import type { LintFinding } from '../../domain/policyLint.ts';
import type { Known } from '../../domain/terms.ts';
import { createPagerDuty, type PagerDutyClient } from '../../pagerduty/client.ts';
import type { Log } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import { createDirectory } from '../../slack/directory/directory.ts';
import { createClients } from '../../slack/link/clients.ts';
import { ONLINE } from '../../wording/terminal/policy.ts';
import { PROBLEMS } from '../../wording/terminal/problems.ts';

type Path = readonly (string | number)[];
type Kind = 'escalation_policies' | 'services' | 'schedules' | 'principal';
interface Named {
  readonly kind: Kind;
  readonly id: string;
  readonly path: Path;
}

export async function onlineFindings(policy: Policy): Promise<LintFinding[]> {
  const { pagerDuty, directory } = connect();
  const first = new Map<string, Named>();
  for (const named of namesIn(policy)) {
    const key = `${named.kind} ${named.id}`;
    if (!first.has(key)) first.set(key, named);
  }
  const findings: LintFinding[] = [];
  // One after the other: Slack's rate limit for groups is about twenty calls a minute.
  for (const named of first.values()) {
    const answer =
      named.kind === 'principal' ? await principal(directory, named.id) : await atPagerDuty(pagerDuty, named);
    if (answer.known) continue;
    const missing = isMissing(answer.problem);
    const what = missing ? ONLINE.missing : ONLINE.unknown;
    findings.push({
      severity: missing ? 'error' : 'warning',
      path: named.path,
      message: what(ONLINE.kinds[named.kind], named.id, answer.problem),
      advice: missing ? ONLINE.correct : ONLINE.again,
    });
  }
  return findings;
}

async function principal(directory: Directory, id: string): Promise<Known<unknown>> {
  if (!isGroup(id)) return directory.person(id);
  return (await directory.members([id], 'decision')).get(id) ?? { known: false, problem: ONLINE.notLookedUp };
}

async function atPagerDuty(client: PagerDutyClient, { kind, id }: Named): Promise<Known<unknown>> {
  const ask = (path: string) => client.get(path, {}, z.record(z.string(), z.unknown()), 'decision');
  const found = await ask(`/${kind}/${id}`);
  if (found.known || kind !== 'schedules') return found;
  // Shift-based schedules have another endpoint. A schedule is missing only if both endpoints say so.
  const shiftBased = await ask(`/v3/schedules/${id}`);
  return shiftBased.known || !isMissing(shiftBased.problem) ? shiftBased : found;
}

const isMissing = (problem: string): boolean =>
  / 404|\(404\)|does not know|has no user group|deactivated|is a bot|guests|other workspaces/.test(problem);

function namesIn(policy: Policy): Named[] {
  const names: Named[] = [];
  const principals = (ids: readonly string[], path: Path) => {
    for (const id of ids) names.push({ kind: 'principal', id, path });
  };
  const atPd = (kind: Kind, ids: readonly string[] | null, path: Path) => {
    for (const id of ids ?? []) names.push({ kind, id, path });
  };
  const condition = (when: Condition, path: Path): void => {
    for (const test of when) inTest(test, path);
  };
  const inTest = (test: Test, path: Path): void => {
    if (test.kind === 'members_of') principals(test.principals, [...path, 'members_of']);
    if (test.kind === 'incident') atPd('services', test.services, [...path, 'incident', 'services']);
    if (test.kind === 'unless') condition(test.condition, [...path, 'unless']);
    if (test.kind !== 'on_call') return;
    atPd('escalation_policies', test.escalationPolicies, [...path, 'on_call', 'escalation_policies']);
    atPd('schedules', test.schedules, [...path, 'on_call', 'schedules']);
    atPd('services', test.services, [...path, 'on_call', 'services']);
  };
  principals(policy.admins, ['slack', 'admins']);
  principals(policy.auditors, ['slack', 'auditors']);
  principals(policy.delegates, ['slack', 'delegates']);
  for (const resource of policy.resources.values()) {
    const at = ['resources', resource.id];
    atPd('services', resource.services, [...at, 'services']);
    for (const role of resource.roles.values()) {
      const inRole = [...at, 'roles', role.id];
      for (const [index, rule] of role.rules.entries()) {
        const inRule = [...inRole, 'rules', index, rule.effect];
        condition(rule.when, rule.effect === 'ask' ? [...inRule, 'when'] : inRule);
        if (rule.effect !== 'ask') continue;
        principals(
          rule.stages.flatMap(({ reviewers }) => reviewers),
          inRule,
        );
        for (const { to, page } of rule.escalate) {
          if (to.kind === 'people') principals(to.principals, [...inRule, 'escalate']);
          else atPd('escalation_policies', [to.escalationPolicy], [...inRule, 'escalate']);
          atPd('services', page === null ? [] : [page], [...inRule, 'escalate']);
        }
      }
      const { breakGlass } = role;
      if (!breakGlass) continue;
      principals([...breakGlass.members, ...breakGlass.reviewers], [...inRole, 'break_glass']);
      atPd('services', breakGlass.page === null ? [] : [breakGlass.page], [...inRole, 'break_glass', 'page']);
    }
  }
  return names;
}

/** Looking names up needs far less of the environment than running the bot. */
function connect(): { pagerDuty: PagerDutyClient; directory: Directory } {
  readSecretFiles(process.env, ['SLACK_BOT_TOKEN', 'PAGERDUTY_TOKEN']);
  const { SLACK_BOT_TOKEN: slackToken, PAGERDUTY_TOKEN: pagerDutyToken } = process.env;
  if (!slackToken || !pagerDutyToken) throw new ConfigError(PROBLEMS.online);
  const quiet = () => undefined;
  const log: Log = { info: quiet, warn: quiet, error: quiet };
  const clock = systemClock(0);
  const { background } = createClients({
    token: slackToken,
    apiUrl: process.env.SLACK_API_URL ?? 'https://slack.com/api/',
    log,
  });
  const apiUrl = (process.env.PAGERDUTY_API_URL ?? 'https://api.pagerduty.com').replace(/\/+$/, '');
  return {
    pagerDuty: createPagerDuty({ token: pagerDutyToken, apiUrl, clock, log }),
    directory: createDirectory(background, { clock, log }),
  };
}
