import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import type { Instant, Millis } from '../domain/terms.ts';
import type { Finding, Holding } from '../ports.ts';
import type { Access, Connection, ListedRole } from './provisioner.ts';

/**
 * What the bot says to a team's own service or program, and what it wants to hear: one JSON document each way. A webhook
 * and a local command differ only in how it travels. docs/targets/webhook.md and command.md describe it.
 */

export type Action = 'grant' | 'revoke' | 'status' | 'list' | 'remove' | 'check';

/** Carries one document there and one back. @throws what kept it from doing so, with the target's name */
export type Send = (action: Action, document: object, grantId: string | null) => Promise<string>;

export interface Manners {
  /** Shown to people in errors. */
  readonly name: string;
  readonly sessions: Sessions;
  /** Whether it can say who holds what. */
  readonly lists: boolean;
  /** Whether it can say if everything it needs is there. */
  readonly checks: boolean;
}

/** What becomes of sessions when access ends, which only whoever runs the target knows. */
export const sessionsSchema = z
  .union([z.enum(['none', 'ended', 'until_closed']), z.string().regex(/^\d+[smhd]/)], {
    error: 'expected none, ended, until_closed, or how long they live on, such as 1h',
  })
  .default('none')
  .transform((said, ctx): Sessions => {
    if (said === 'none') return said;
    if (said === 'ended') return 0;
    if (said === 'until_closed') return null;
    const ms = parseDuration(said);
    if (ms === null) ctx.addIssue({ code: 'custom', message: `"${said}" is no duration such as 30m or 1h` });
    return ms;
  });
type Sessions = 'none' | Millis | null;

type Grants = Record<string, unknown>;

const stateSchema = z.object({ active: z.boolean(), account: z.string().max(200).optional() });
const listSchema = z.object({
  holdings: z.array(z.object({ account: z.string(), role: z.string().nullable(), grant_id: z.string().nullable() })),
});
const checkSchema = z.object({
  findings: z.array(z.object({ ok: z.boolean(), what: z.string(), fix: z.string().optional() })),
});

/** Asked about by the doctor, who has no grant of their own. */
const NOBODY: Access<Grants>['person'] = { slackId: 'U0DOCTOR', name: 'jit doctor', email: 'jit-doctor@example.com' };
const NO_GRANT = { grantId: 'GDOCTOR', requestId: 'RDOCTOR' };

export function connectionOver(send: Send, { name, sessions, lists, checks }: Manners): Connection<Grants> {
  async function ask<T>(action: Action, document: object, schema: z.ZodType<T>, grantId: string | null): Promise<T> {
    const text = await send(action, document, grantId);
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`${name} answered ${action} with something that is not ${SHAPES[action]}`, { cause: error });
    }
  }

  const state = (action: Action, one: Access<Grants>, expiresAt: Instant | null = null) =>
    ask(action, documentFor(action, one, expiresAt), stateSchema, one.grantId);

  return {
    grant: async (one, expiresAt) => {
      const answer = await state('grant', one, expiresAt);
      if (!answer.active) throw new Error(`${name} answered the grant with "active": false`);
      return { account: answer.account ?? one.person.email };
    },
    revoke: async (one) => void (await state('revoke', one)),
    isActive: async (one) => (await state('status', one)).active,
    ...(sessions !== 'none' && { afterlife: sessions }),
    ...(lists && {
      list: async (roles: readonly ListedRole<Grants>[]) => {
        const { holdings } = await ask('list', { action: 'list', roles: rolesOf(roles) }, listSchema, null);
        return holdings.map(({ account, role, grant_id }): Holding => ({ account, role, grantId: grant_id }));
      },
      remove: async ({ account, role, grantId }: Holding, grants: Grants | null) => {
        const { active } = await ask(
          'remove',
          { action: 'remove', account, role, grants, grant_id: grantId },
          stateSchema,
          grantId,
        );
        if (active) throw new Error(`${name} answered that ${account} still holds ${role ?? 'it'}`);
      },
    }),
    check: async (roles): Promise<readonly Finding[]> => {
      if (checks) {
        const { findings } = await ask('check', { action: 'check', roles: rolesOf(roles) }, checkSchema, null);
        return findings.map(({ ok, what, fix }) => ({ ok, what, ...(fix !== undefined && { fix }) }));
      }
      for (const { roleKey, role } of roles) {
        const { active } = await state('status', { ...NO_GRANT, person: NOBODY, role, roleKey });
        if (active) return [{ ok: false, what: `asked about a grant that never was, ${name} says it is active` }];
      }
      return [{ ok: true, what: `${name} answers, and knows nothing of a grant that never was` }];
    },
    close: async () => undefined,
  };
}

const SHAPES: Readonly<Record<Action, string>> = {
  grant: '{"active": true or false}',
  revoke: '{"active": true or false}',
  status: '{"active": true or false}',
  list: '{"holdings": […]}',
  remove: '{"active": true or false}',
  check: '{"findings": […]}',
};

const documentFor = (action: Action, one: Access<Grants>, expiresAt: Instant | null) => ({
  action,
  grant_id: one.grantId,
  request_id: one.requestId,
  role: one.roleKey,
  grants: one.role,
  person: { email: one.person.email, name: one.person.name, slack_id: one.person.slackId },
  expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
});

const rolesOf = (roles: readonly ListedRole<Grants>[]) =>
  roles.map(({ roleKey, role }) => ({ role: roleKey, grants: role }));
