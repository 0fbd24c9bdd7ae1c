/** Sends documents to the team's own service or program, and validates its answers. */

import { z } from 'zod';
import type { Instant } from '../domain/terms.ts';
import type { Finding, Holding } from '../ports/targets.ts';
import { OWN } from '../wording/targets/own.ts';
import { residueSchema } from './ownResidue.ts';
import type { Action, Grants, Send } from './protocol.ts';
import type { Access, ListedRole } from './provisioner.ts';
import { parseStrictly } from './strictJson.ts';

/** An answer that also has an error is not evidence. */
const noError = z.literal([null, false, '']).optional();
const stateSchema = z.object({
  active: z.boolean(),
  account: z.string().max(200).optional(),
  /** The target's id of what it gave. */
  id: z.string().min(1).max(200).nullish(),
  /** What the holder made there that outlives a revoke. */
  left: residueSchema.nullish(),
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

const SHAPES: Readonly<Record<Action, string>> = {
  grant: OWN.state,
  revoke: OWN.state,
  status: OWN.state,
  list: '{"holdings": […]}',
  remove: OWN.state,
  check: '{"findings": […]}',
};

export class OwnAsking {
  readonly #send: Send;
  readonly #name: string;

  /** @param name the target's name in errors */
  constructor(send: Send, name: string) {
    this.#send = send;
    this.#name = name;
  }

  /**
   * @param id the target's id of the access, or null if it gave none
   * @throws if the answer has another id than the question
   */
  async state(action: Action, document: object, grantId: string | null, id: string | null): Promise<State> {
    const answer = await this.#ask(action, { ...document, ...(id !== null && { id }) }, stateSchema, grantId);
    if (action !== 'grant' && id !== null && typeof answer.id === 'string' && answer.id !== id)
      throw new Error(OWN.aboutOther(this.#name, id, action, answer.id));
    return answer;
  }

  async holdings(roles: readonly ListedRole<Grants>[]): Promise<Holding[]> {
    const { holdings } = await this.#ask('list', { action: 'list', roles: rolesOf(roles) }, listSchema, null);
    return holdings.map(({ account, role, grant_id }) => ({ account, role, grantId: grant_id }));
  }

  async findings(roles: readonly ListedRole<Grants>[]): Promise<Finding[]> {
    const { findings } = await this.#ask('check', { action: 'check', roles: rolesOf(roles) }, checkSchema, null);
    return findings.map(({ ok, what, fix }) => ({ ok, what, ...(fix !== undefined && { fix }) }));
  }

  async #ask<T>(action: Action, document: object, schema: z.ZodType<T>, grantId: string | null): Promise<T> {
    const text = await this.#send(action, document, grantId);
    try {
      return schema.parse(parseStrictly(text));
    } catch (error) {
      throw new Error(OWN.otherShape(this.#name, action, SHAPES[action]), {
        cause: error,
      });
    }
  }
}

export const documentFor = (action: Action, one: Access<Grants>, expiresAt: Instant | null) => ({
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
