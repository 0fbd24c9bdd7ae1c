import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import type { Instant, Millis } from '../domain/terms.ts';
import type { Finding, Holding, IdBook } from '../ports.ts';
import { attemptAll } from './attemptAll.ts';
import { ownIds } from './ownIds.ts';
import type { Access, Connection, ListedRole } from './provisioner.ts';

/**
 * What the bot says to a team's own service or program, and what it wants to hear: one JSON document each way. A webhook
 * and a local command differ only in how it travels. docs/targets/webhook.md and command.md describe it.
 */

export type Action = 'grant' | 'revoke' | 'status' | 'list' | 'remove' | 'check';

/** Carries one document there and one back. @throws what kept it from doing so, with the target's name */
export type Send = (action: Action, document: object, grantId: string | null) => Promise<string>;

/** What changes something. Everything else is a question, and has to be answered from what is so now. */
export const isAct = (action: Action): boolean => action === 'grant' || action === 'revoke' || action === 'remove';

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

/** An answer that reports an error beside it says nothing about what is so. */
const noError = z.literal([null, false, '']).optional();
const stateSchema = z.object({
  active: z.boolean(),
  account: z.string().max(200).optional(),
  /** The target's own id of what it gave. */
  id: z.string().min(1).max(200).nullish(),
  error: noError,
  errors: noError,
});
type State = z.infer<typeof stateSchema>;
const listSchema = z.object({
  holdings: z.array(z.object({ account: z.string(), role: z.string().nullable(), grant_id: z.string().nullable() })),
});
const checkSchema = z.object({
  findings: z.array(z.object({ ok: z.boolean(), what: z.string(), fix: z.string().optional() })),
});

/** Asked about by the doctor, who has no grant of their own. */
const NOBODY: Access<Grants>['person'] = { slackId: 'U0DOCTOR', name: 'jit doctor', email: 'jit-doctor@example.com' };
const NO_GRANT = { grantId: 'GDOCTOR', requestId: 'RDOCTOR' };

export function connectionOver(
  send: Send,
  { name, sessions, lists, checks }: Manners,
  ids: IdBook,
): Connection<Grants> {
  async function ask<T>(action: Action, document: object, schema: z.ZodType<T>, grantId: string | null): Promise<T> {
    const text = await send(action, document, grantId);
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new Error(`${name} answered ${action} with something that is not ${SHAPES[action]}`, { cause: error });
    }
  }

  /** @throws where the answer is about another id than the question */
  async function state(action: Action, document: object, grantId: string | null, id: string | null): Promise<State> {
    const answer = await ask(action, { ...document, ...(id !== null && { id }) }, stateSchema, grantId);
    if (action !== 'grant' && id !== null && typeof answer.id === 'string' && answer.id !== id)
      throw new Error(`${name} was asked about ${id} (${action}) and answered about ${answer.id}`);
    return answer;
  }

  const own = ownIds(ids);

  async function grant(one: Access<Grants>, expiresAt: Instant): Promise<{ account: string }> {
    const [known = null] = await own.of(one.grantId);
    const answer = await state('grant', documentFor('grant', one, expiresAt), one.grantId, known);
    // Written down whatever else the answer says: what has an id there can be taken back by it.
    if (typeof answer.id === 'string') await own.keep(one.grantId, answer.id);
    if (!answer.active) throw new Error(`${name} answered the grant with "active": false`);
    if (known !== null && typeof answer.id === 'string' && answer.id !== known)
      throw new Error(`${name} answered the grant with the id ${answer.id}, where it had given ${known} before`);
    return { account: answer.account || one.person.email };
  }

  async function revoke(one: Access<Grants>): Promise<void> {
    const document = documentFor('revoke', one, null);
    await attemptAll(await own.of(one.grantId), async (id) => {
      const { active } = await state('revoke', document, one.grantId, id);
      if (active) throw new Error(`${name} answered the revoke with "active": true`);
    });
  }

  async function isActive(one: Access<Grants>): Promise<boolean> {
    const document = documentFor('status', one, null);
    for (const id of await own.of(one.grantId))
      if ((await state('status', document, one.grantId, id)).active) return true;
    return false;
  }

  /** A target that gives ids by now may say that of what it gave before it did. */
  async function stamp(one: Access<Grants>): Promise<void> {
    const [known = null] = await own.of(one.grantId);
    if (known !== null) return;
    const { active, id } = await state('status', documentFor('status', one, null), one.grantId, null);
    if (active && typeof id === 'string') await own.keep(one.grantId, id);
  }

  return {
    grant,
    revoke,
    isActive,
    stamp,
    ...(sessions !== 'none' && { afterlife: sessions }),
    ...(lists && {
      list: async (roles: readonly ListedRole<Grants>[]) => {
        const { holdings } = await ask('list', { action: 'list', roles: rolesOf(roles) }, listSchema, null);
        return holdings.map(({ account, role, grant_id }): Holding => ({ account, role, grantId: grant_id }));
      },
      remove: async ({ account, role, grantId }: Holding, grants: Grants | null) => {
        const document = { action: 'remove', account, role, grants, grant_id: grantId };
        await attemptAll(grantId === null ? [null] : await own.of(grantId), async (id) => {
          const { active } = await state('remove', document, grantId, id);
          if (active) throw new Error(`${name} answered that ${account} still holds ${role ?? 'it'}`);
        });
      },
    }),
    check: async (roles): Promise<readonly Finding[]> => {
      if (checks) {
        const { findings } = await ask('check', { action: 'check', roles: rolesOf(roles) }, checkSchema, null);
        return findings.map(({ ok, what, fix }) => ({ ok, what, ...(fix !== undefined && { fix }) }));
      }
      for (const { roleKey, role } of roles) {
        if (await isActive({ ...NO_GRANT, person: NOBODY, role, roleKey }))
          return [{ ok: false, what: `asked about a grant that never was, ${name} says it is active` }];
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
