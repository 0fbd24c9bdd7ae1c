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
      notChecked: [
        'PagerDuty, and the escalation policies, schedules and services that the policy names (PAGERDUTY_TOKEN is not set)',
      ],
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
    if (!answer.known) return [{ ok: false, what: answer.problem, fix: KEY }];
    return [
      { ok: true, what: 'the key may read who is on call' },
      ...(from === null ? [] : [await fromUser(client, from), await mayWrite(client, from)]),
      ...(hasWebhookSecret ? [await subscription(client)] : []),
      ...(directory === null ? [] : await someoneKnown({ directory, policy, knows: (person) => onCall.knows(person) })),
    ];
  };
  return {
    places: [{ name: 'PagerDuty', ask }],
    notChecked: [
      ...(from === null
        ? ['whether the PagerDuty key may write (PAGERDUTY_FROM is not set, so the bot writes nothing)']
        : []),
      ...(hasWebhookSecret
        ? []
        : ['webhooks of PagerDuty (PAGERDUTY_WEBHOOK_SECRET is not set, so the bot asks instead)']),
      ...(botToken === null
        ? ['whether people have the same address in Slack and PagerDuty (SLACK_BOT_TOKEN is not set)']
        : []),
    ],
  };
}

const KEY =
  'PagerDuty → Integrations → API Access Keys → create one → PAGERDUTY_TOKEN; in Europe also PAGERDUTY_API_URL.';

const usersSchema = z.object({ email: z.string() });

async function fromUser(client: PagerDutyClient, from: string): Promise<Finding> {
  const found = await client.list('/users', { query: from }, 'users', usersSchema, 'check');
  if (!found.known) return { ok: false, what: `PAGERDUTY_FROM could not be looked up: ${found.problem}` };
  return found.value.some(({ email }) => email.toLowerCase() === from.toLowerCase())
    ? { ok: true, what: 'PAGERDUTY_FROM is a user there' }
    : {
        ok: false,
        what: 'PAGERDUTY_FROM is the address of no PagerDuty user',
        fix: 'Set it to the e-mail address of a user in PagerDuty → People → Users.',
      };
}

async function mayWrite(client: PagerDutyClient, from: string): Promise<Finding> {
  const answer = await client.write('POST', NO_INCIDENT, { body: { note: { content: 'doctor' } }, from });
  if (!answer.known) return { ok: false, what: `whether the key may write is not known: ${answer.problem}` };
  return answer.value.status === 401 || answer.value.status === 403
    ? {
        ok: false,
        what: 'the key may only read, and PAGERDUTY_FROM is set',
        fix: 'Create a key that is not read-only in PagerDuty → Integrations → API Access Keys, or leave PAGERDUTY_FROM out.',
      }
    : { ok: true, what: 'the key may write' };
}

const subscriptionSchema = z.object({
  active: z.boolean().default(true),
  events: z.array(z.string()),
  delivery_method: z.object({ url: z.string().nullish(), temporarily_disabled: z.boolean().nullish() }),
});

async function subscription(client: PagerDutyClient): Promise<Finding> {
  const found = await client.list('/webhook_subscriptions', {}, 'webhook_subscriptions', subscriptionSchema, 'check');
  if (!found.known) return { ok: false, what: `webhook subscriptions could not be read: ${found.problem}` };
  const ours = found.value.filter(({ delivery_method }) => (delivery_method.url ?? '').endsWith(EVENTS_PATH));
  const how = `PagerDuty → Integrations → Generic Webhooks (v3) → https://your-host${EVENTS_PATH} with ${EVENTS.join(' and ')}`;
  if (ours.length === 0) return { ok: false, what: 'no webhook subscription leads to the bot', fix: `${how}.` };
  const live = ours.filter(({ active, delivery_method }) => active && delivery_method.temporarily_disabled !== true);
  if (live.length === 0)
    return {
      ok: false,
      what: 'the webhook subscription is switched off',
      fix: 'Enable it in PagerDuty → Integrations → Generic Webhooks (v3).',
    };
  const missing = EVENTS.filter((event) => !live.some(({ events }) => events.includes(event)));
  return missing.length === 0
    ? { ok: true, what: 'a webhook subscription leads to the bot' }
    : { ok: false, what: `the webhook subscription does not send ${missing.join(' and ')}`, fix: `${how}.` };
}

interface Looked {
  readonly directory: Pick<Directory, 'person' | 'members'>;
  readonly policy: Policy;
  readonly knows: (person: Parameters<ReturnType<typeof createOnCall>['knows']>[0]) => Promise<Known<boolean>>;
}

/** Checks that one person of the policy is found in both, which shows that their e-mail addresses match. */
async function someoneKnown({ directory, policy, knows }: Looked): Promise<readonly Finding[]> {
  const people = await namedPeople(directory, policy);
  let problem = 'the policy names nobody by whom it could be tried';
  let looked = 0;
  for (const id of people.slice(0, MOST_PEOPLE)) {
    const person = await directory.person(id);
    const found = person.known ? await knows(person.value) : person;
    if (found.known && found.value && person.known)
      return [{ ok: true, what: `${person.value.name} is found in PagerDuty by their address in Slack` }];
    looked += 1;
    problem = found.known
      ? `of ${looked} people whom the policy names, none has the same address in Slack and PagerDuty`
      : found.problem;
  }
  return [
    {
      ok: false,
      what: `nobody is found in both Slack and PagerDuty: ${problem}`,
      fix: 'Give people the same address in both, or write the one at PagerDuty under identities in the policy file.',
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
