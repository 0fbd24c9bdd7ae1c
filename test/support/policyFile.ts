/** Policy files as they are when nothing special is said in them, written as JSON: every JSON document is YAML, too. */

import { z } from 'zod';
import { type LoadedPolicy, type PolicyIssue, parsePolicy } from '../../src/config/policyFile.ts';
import type { TargetKind } from '../../src/config/policyTargets.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** `${NAME}`, as files have it. */
export const variable = (name: string): string => '$'.concat(`{${name}}`);

/** A kind of target that takes an address, a token, and a template for what people are called there. */
export const BOX: TargetKind = {
  kind: 'box',
  targetSchema: z.strictObject({
    kind: z.literal('box'),
    url: z.string().default('http://box'),
    token: z.string().optional(),
    headers: z.array(z.record(z.string(), z.string())).optional(),
    size: z.number().optional(),
    account: z.string().optional(),
  }),
  roleSchema: z.strictObject({ drawer: z.string() }),
  accountTemplate: (target: { account?: string }) => target.account ?? null,
};

export const aRoleIn = (more: Fields = {}): Fields => ({
  grants: { drawer: 'top' },
  duration: { max: '4h' },
  rules: [{ allow: { members_of: ['U0ANA'] } }],
  ...more,
});
export const aResourceIn = (roles: Fields = { read: aRoleIn() }, more: Fields = {}): Fields => ({
  target: { kind: 'box' },
  roles,
  ...more,
});
export const aSlackIn = (more: Fields = {}): Fields => ({
  audit_channel: 'C0AUDIT',
  approvals_channel: 'C0ACCESS',
  ...more,
});
export const aDocument = (more: Fields = {}): Fields => ({
  version: 1,
  slack: aSlackIn(),
  resources: { db: aResourceIn() },
  ...more,
});

export const parseDocument = (
  document: Fields,
  variables: NodeJS.ProcessEnv = {},
  kinds: readonly TargetKind[] = [BOX],
) => parsePolicy(JSON.stringify(document, null, 1), kinds, variables);

export function policyIn(document: Fields, variables: NodeJS.ProcessEnv = {}, kinds = [BOX]): LoadedPolicy {
  const result = parseDocument(document, variables, kinds);
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result;
}

export function issuesIn(
  document: Fields,
  variables: NodeJS.ProcessEnv = {},
  kinds = [BOX],
): Pick<PolicyIssue, 'path' | 'message'>[] {
  const result = parseDocument(document, variables, kinds);
  return 'issues' in result ? result.issues.map(({ path, message }) => ({ path, message })) : [];
}
