import { z } from 'zod';
import { pagerDutyAddress } from '../../domain/accounts.ts';
import { isGroup, type Policy, type Principal } from '../../domain/policy.ts';
import type { Known } from '../../domain/terms.ts';
import { createPagerDuty, type PagerDutyClient } from '../../pagerduty/client.ts';
import { createOnCall } from '../../pagerduty/onCall.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import type { Finding } from '../../ports/targets.ts';
import { createDirectory } from '../../slack/directory/directory.ts';
import { createClients } from '../../slack/link/clients.ts';
import { NOT_CHECKED, PAGERDUTY } from '../../wording/terminal/doctor.ts';
import type { Credentials } from './credentials.ts';
import type { Checks } from './place.ts';

interface Parts {
  readonly credentials: Credentials;
  readonly policy: Policy;
  readonly log: Log;
  readonly clock: Clock;
}

/** Maximum number of people to look up until one is found in both Slack and PagerDuty. */
const MOST_PEOPLE = 10;
/** An incident that does not exist. A key that may write gets "not found"; one that may not gets "forbidden". */
const NO_INCIDENT = '/incidents/PJITBOTDOCTOR/notes';
const EVENTS_PATH = '/pagerduty/events';
const EVENTS = ['incident.resolved', 'incident.reopened'];

/** Checks that PagerDuty accepts the key, what the key may do, and that people are found there. */
export function pagerDutyChecks({ credentials, policy, log, clock }: Parts): Checks {
  const { token, apiUrl, from, hasWebhookSecret } = credentials.pagerDuty;
  if (token === null)
    return {
      places: [],
      notChecked: [NOT_CHECKED.pagerDuty],
    };
  const client = createPagerDuty({ token, apiUrl, clock, log });
  const onCall = createOnCall(client, clock, (person) => pagerDutyAddress(person, policy));
  const { botToken, apiUrl: slackUrl } = credentials.slack;
  const directory =
    botToken === null
      ? null
      : createDirectory(createClients({ token: botToken, apiUrl: slackUrl, log }).interactive, { clock, log });
  const ask = async (): Promise<readonly Finding[]> => {
    const answer = await onCall.check();
    if (!answer.known) return [{ ok: false, what: answer.problem, fix: PAGERDUTY.makeKey }];
    return [
      { ok: true, what: PAGERDUTY.mayRead },
      ...(from === null ? [] : [await fromUser(client, from), await mayWrite(client, from)]),
      ...(hasWebhookSecret ? [await subscription(client)] : []),
      ...(directory === null ? [] : await someoneKnown({ directory, policy, knows: (person) => onCall.knows(person) })),
    ];
  };
  return {
    places: [{ name: 'PagerDuty', ask }],
    notChecked: [
      ...(from === null ? [NOT_CHECKED.pagerDutyWrites] : []),
      ...(hasWebhookSecret ? [] : [NOT_CHECKED.webhooks]),
      ...(botToken === null ? [NOT_CHECKED.addresses] : []),
    ],
  };
}

const usersSchema = z.object({ email: z.string() });

async function fromUser(client: PagerDutyClient, from: string): Promise<Finding> {
  const found = await client.list('/users', { query: from }, 'users', usersSchema, 'check');
  if (!found.known) return { ok: false, what: PAGERDUTY.fromNotLookedUp(found.problem) };
  return found.value.some(({ email }) => email.toLowerCase() === from.toLowerCase())
    ? { ok: true, what: PAGERDUTY.fromKnown }
    : {
        ok: false,
        what: PAGERDUTY.fromUnknown,
        fix: PAGERDUTY.setFrom,
      };
}

async function mayWrite(client: PagerDutyClient, from: string): Promise<Finding> {
  const answer = await client.write('POST', NO_INCIDENT, { body: { note: { content: 'doctor' } }, from });
  if (!answer.known) return { ok: false, what: PAGERDUTY.mayWriteUnknown(answer.problem) };
  return answer.value.status === 401 || answer.value.status === 403
    ? {
        ok: false,
        what: PAGERDUTY.mayOnlyRead,
        fix: PAGERDUTY.makeWritingKey,
      }
    : { ok: true, what: PAGERDUTY.mayWrite };
}

const subscriptionSchema = z.object({
  active: z.boolean().default(true),
  events: z.array(z.string()),
  delivery_method: z.object({ url: z.string().nullish(), temporarily_disabled: z.boolean().nullish() }),
});

async function subscription(client: PagerDutyClient): Promise<Finding> {
  const found = await client.list('/webhook_subscriptions', {}, 'webhook_subscriptions', subscriptionSchema, 'check');
  if (!found.known) return { ok: false, what: PAGERDUTY.subscriptionsUnreadable(found.problem) };
  const ours = found.value.filter(({ delivery_method }) => (delivery_method.url ?? '').endsWith(EVENTS_PATH));
  const fix = PAGERDUTY.subscribe(EVENTS_PATH, EVENTS);
  if (ours.length === 0) return { ok: false, what: PAGERDUTY.notSubscribed, fix };
  const live = ours.filter(({ active, delivery_method }) => active && delivery_method.temporarily_disabled !== true);
  if (live.length === 0)
    return {
      ok: false,
      what: PAGERDUTY.switchedOff,
      fix: PAGERDUTY.switchOn,
    };
  const missing = EVENTS.filter((event) => !live.some(({ events }) => events.includes(event)));
  return missing.length === 0
    ? { ok: true, what: PAGERDUTY.subscribed }
    : { ok: false, what: PAGERDUTY.eventsMissing(missing), fix };
}

interface Looked {
  readonly directory: Pick<Directory, 'person' | 'members'>;
  readonly policy: Policy;
  readonly knows: (person: Parameters<ReturnType<typeof createOnCall>['knows']>[0]) => Promise<Known<boolean>>;
}

/** Checks that one person of the policy is found in both, which shows that their e-mail addresses match. */
async function someoneKnown({ directory, policy, knows }: Looked): Promise<readonly Finding[]> {
  const people = await namedPeople(directory, policy);
  let problem: string = PAGERDUTY.nobodyNamed;
  let looked = 0;
  for (const id of people.slice(0, MOST_PEOPLE)) {
    const person = await directory.person(id);
    const found = person.known ? await knows(person.value) : person;
    if (found.known && found.value && person.known) return [{ ok: true, what: PAGERDUTY.found(person.value.name) }];
    looked += 1;
    problem = found.known ? PAGERDUTY.nobodySame(looked) : found.problem;
  }
  return [
    {
      ok: false,
      what: PAGERDUTY.nobodyFound(problem),
      fix: PAGERDUTY.sameAddress,
    },
  ];
}

async function namedPeople(directory: Looked['directory'], policy: Policy): Promise<string[]> {
  const named = new Set<Principal>(policy.admins);
  for (const resource of policy.resources.values())
    for (const role of resource.roles.values())
      for (const rule of role.rules)
        if (rule.effect === 'ask') for (const { reviewers } of rule.stages) for (const one of reviewers) named.add(one);
  const groups = [...named].filter(isGroup);
  const members = await directory.members(groups.slice(0, 3), 'preview');
  const ofGroups = [...members.values()].flatMap((answer) => (answer.known ? [...answer.value] : []));
  return [...new Set([...[...named].filter((id) => !isGroup(id)), ...ofGroups])];
}
