import { createRequire } from 'node:module';
import type { WebClient } from '@slack/web-api';
import type { OnCallEntry } from '../../src/domain/evidence.ts';
import type { Grant } from '../../src/domain/grant.ts';
import type { Person } from '../../src/domain/person.ts';
import { HOUR, type Instant, type Known, known, unknown } from '../../src/domain/terms.ts';
import type { IncidentDesk, OnCall } from '../../src/ports/pagerDuty.ts';
import type { Holding, Targets } from '../../src/ports/targets.ts';
import { SlackRefusal } from '../../src/sandbox/slack/methods/refusal.ts';
import { createTriggers, type Triggers } from '../../src/sandbox/slack/methods/triggers.ts';
import { createWebApi } from '../../src/sandbox/slack/webApi.ts';
import { Workspace } from '../../src/sandbox/slack/workspace.ts';
import { WORKSPACE } from '../../src/sandbox/team.ts';
import type { Chance } from './chance.ts';
import type { PolicyName } from './past.ts';
import { type Team, teamBefore } from './team.ts';
import { type Said, saidBy } from './told/letters.ts';
import type { Wire } from './wire.ts';

const { WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } = createRequire(import.meta.url)(
  '@slack/web-api',
) as typeof import('@slack/web-api');

/** What the bot finds outside: a Slack workspace, PagerDuty, and targets that hold access. It outlives the bot. */
export interface Outside {
  readonly workspace: Workspace;
  readonly triggers: Triggers;
  /** Who is on call at which level, until when. */
  readonly shifts: Map<number, { slackId: string; until: Instant }>;
  readonly incident: { resolved: boolean };
  /** The file as it stands, and what is in force. */
  readonly policy: { file: PolicyName; inForce: PolicyName };
  isFrozen: boolean;
  /** Unknown to PagerDuty. */
  readonly strangers: Set<string>;
  /** What targets hold, by grant. */
  readonly held: Map<string, HeldAccess>;
  readonly team: Team;
  /** Secrets that were handed out. */
  readonly secrets: Set<string>;
  /** What the bot has said at Slack since somebody last listened. */
  said: Said[];
}

export interface HeldAccess {
  readonly grantId: string;
  readonly role: string;
  readonly person: string;
  readonly expiresAt: Instant;
  secret: string | null;
}

export function createOutside(now: () => Instant): Outside {
  const workspace = new Workspace(structuredClone(WORKSPACE), now);
  return {
    workspace,
    triggers: createTriggers(workspace),
    shifts: new Map([
      [1, { slackId: 'U0ANA', until: now() + 12 * HOUR }],
      [2, { slackId: 'U0DEV', until: now() + 12 * HOUR }],
    ]),
    incident: { resolved: false },
    policy: { file: 'first', inForce: 'first' },
    isFrozen: false,
    strangers: new Set(),
    held: new Map(),
    team: teamBefore(),
    secrets: new Set(),
    said: [],
  };
}

/** The Web API, with its own refusals, over the wire of the simulation. */
export function slackOver(wire: Wire, outside: Outside, chance: Chance): WebClient {
  const { workspace, triggers } = outside;
  const methods = createWebApi({
    workspace,
    triggers,
    socketUrl: () => 'ws://nowhere',
    baseUrl: () => 'http://nowhere',
  });
  const call = (name: string, args: Record<string, unknown>) =>
    wire.call(
      'slack',
      name,
      () => {
        try {
          const method = methods.get(name);
          if (!method) throw new Error(`the simulation has no ${name}`);
          const answer = { ok: true, ...method.call(structuredClone(args), workspace.bot) };
          const said = saidBy(name, args, workspace);
          if (said) outside.said.push(said);
          return answer;
        } catch (error) {
          if (!(error instanceof SlackRefusal)) throw error;
          throw new WebAPIPlatformError({ ok: false, error: error.code });
        }
      },
      (ending) =>
        // A rate limit is a clear no: it is never the answer to what was done.
        ending === 'failed' && chance.happens(0.3)
          ? new WebAPIRateLimitedError(1 + chance.int(30))
          : new WebAPIRequestError(new Error('the connection was cut')),
    );
  const at = (path: string): unknown =>
    new Proxy((args: Record<string, unknown> = {}) => call(path, args), {
      // A promise resolves with this only if it has no `then`.
      get: (_target, key) =>
        typeof key === 'string' && key !== 'then' ? at(path ? `${path}.${key}` : key) : undefined,
    });
  return at('') as WebClient;
}

const ESCALATION_POLICY = { id: 'PPAYMENTS', name: 'Payments' };

export function pagerDutyOver(wire: Wire, outside: Outside, now: () => Instant): OnCall {
  const ask = <T>(name: string, answer: () => T): Promise<Known<T>> =>
    wire
      .call('pagerduty', name, answer, () => new Error('PagerDuty did not answer'))
      .then(known, (error: Error) => unknown(error.message));
  const emailOf = (slackId: string) => outside.workspace.users.get(slackId)?.email ?? '';
  const incident = () => ({
    id: 'PINC4711',
    number: 4711,
    title: 'Checkout latency',
    status: outside.incident.resolved ? ('resolved' as const) : ('triggered' as const),
    urgency: 'high' as const,
    priority: null,
    service: { id: 'PCHECKOUT', name: 'Checkout' },
    url: 'https://pd.example/PINC4711',
  });
  return {
    entries: (person: Person) =>
      ask('oncalls', () =>
        [...outside.shifts]
          .filter(([, shift]) => shift.slackId === person.slackId && shift.until > now())
          .map(
            ([level, { until }]): OnCallEntry => ({
              escalationPolicy: ESCALATION_POLICY,
              services: [{ id: 'PCHECKOUT', name: 'Checkout' }],
              schedule: { id: `PS${level}`, name: `Level ${level}` },
              level,
              start: until - 24 * HOUR,
              end: until,
              isOverride: null,
            }),
          ),
      ),
    onCallFor: (_policy, level) =>
      ask('oncalls', () => {
        const shift = outside.shifts.get(level);
        const address = shift && shift.until > now() ? emailOf(shift.slackId) : '';
        return { addresses: address === '' ? [] : [address], unread: null };
      }),
    knows: (person) => ask('users', () => !outside.strangers.has(person.slackId)),
    incident: (id) =>
      ask('incidents', () => {
        if (id !== 'PINC4711') throw new Error('PagerDuty has no such incident');
        return incident();
      }),
    check: () => ask('abilities', () => true as const),
    nameOf: () => ask('services', () => 'Checkout'),
    openIncidents: () => ask('incidents', () => (outside.incident.resolved ? [] : [incident()])),
  };
}

export const deskOver = (wire: Wire): IncidentDesk => ({
  canWrite: true,
  note: (id) =>
    wire.call(
      'pagerduty',
      `note ${id}`,
      () => undefined,
      () => new Error('PagerDuty did not answer'),
    ),
  resolve: () =>
    wire.call(
      'pagerduty',
      'resolve',
      () => undefined,
      () => new Error('PagerDuty did not answer'),
    ),
  page: ({ service }) =>
    wire.call(
      'pagerduty',
      `page ${service}`,
      () => undefined,
      () => new Error('PagerDuty did not answer'),
    ),
});

/** What targets say is no text to rely on: half an emoji, a zero, and more of it than fits anywhere. */
const NOISE = `\ud83d\0${'🔥'.repeat(3_000)}`;

/** Targets end access themselves when the time is up that they were told. */
export function expireHeld({ held }: Outside, now: Instant): void {
  for (const [id, { expiresAt }] of held) if (expiresAt <= now) held.delete(id);
}

/**
 * Targets that give and take as they are told, and can be asked.
 * @param onRevoked access was there, and is taken away
 */
export function targetsOver(
  wire: Wire,
  { held, secrets }: Outside,
  { newSecret, onRevoked }: { newSecret: () => string; onRevoked: () => void },
): Targets & { prepare(): Promise<() => void> } {
  const call = <T>(name: string, effect: () => T): Promise<T> =>
    wire.call('target', name, effect, () => new Error(`the target did not answer: ${NOISE}`));
  return {
    grant: (grant: Grant, expiresAt) =>
      call(`grant ${grant.id}`, () => {
        const before = held.get(grant.id);
        held.set(grant.id, {
          grantId: grant.id,
          role: grant.role,
          person: grant.person.slackId,
          expiresAt,
          secret: before?.secret ?? null,
        });
        return { account: `jit_${grant.id.toLowerCase()}` };
      }),
    revoke: (grant) =>
      wire.call(
        'target',
        `revoke ${grant.id}`,
        () => {
          if (held.delete(grant.id)) onRevoked();
          return [];
        },
        () => new Error(`the target did not answer: ${NOISE}`),
        () => [],
      ),
    isActive: (grant) => call(`ask ${grant.id}`, () => held.has(grant.id)),
    issueCredential: (grant) =>
      call(`secret ${grant.id}`, () => {
        const access = held.get(grant.id);
        if (!access) throw new Error('there is no such login');
        const secret = newSecret();
        secrets.add(secret);
        access.secret = secret;
        return { account: `jit_${grant.id.toLowerCase()}`, secret, usage: `login with ${secret}` };
      }),
    issuesCredentials: (resourceId) => resourceId === 'db',
    showsMarks: () => true,
    canList: () => true,
    list: (resource) =>
      call(`list ${resource.id}`, (): Holding[] =>
        [...held.values()]
          .filter(({ role }) => role.startsWith(`${resource.id}/`))
          .map(({ grantId, role }) => ({ account: `jit_${grantId.toLowerCase()}`, role, grantId })),
      ),
    remove: (_resourceId, holding) => call(`remove ${holding.account}`, () => void held.delete(holding.grantId ?? '')),
    tidy: async () => undefined,
    obstacle: () => null,
    placeOf: (resourceId) => `simulated ${resourceId}`,
    placesOf: ({ resources }) => new Set([...resources.keys()].map((id) => `simulated ${id}`)),
    knowsPlace: () => true,
    stamp: async () => undefined,
    afterlife: () => undefined,
    prepare: async () => () => undefined,
  };
}
