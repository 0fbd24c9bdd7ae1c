import type { z } from 'zod';
import { namesWanted } from '../domain/accounts.ts';
import { plainForms, SECRET_NAME } from '../domain/secrets.ts';
import { IN_FILE, OPENING, VARIABLE } from '../wording/terminal/policyFile.ts';
import { entriesOf, fieldOf, spread } from './issues.ts';
import type { Path } from './policyReuse.ts';

/** What the policy file needs to know about a kind of target. */
export interface TargetKind {
  readonly kind: string;
  readonly targetSchema: z.ZodType;
  readonly roleSchema: z.ZodType;
  /** For kinds whose schemas come from elsewhere: the schemas of one target. `folder` is that of the policy file. */
  readonly schemasFor?: (
    target: unknown,
    folder: string,
  ) =>
    | { readonly targetSchema: z.ZodType; readonly roleSchema: z.ZodType }
    | { readonly problem: string; readonly at: string };
  /** Its roles are held by Slack accounts, and the canary has none. */
  readonly isOfSlack?: true;
  /** The template for account names of a parsed target, or null if it has none. */
  // biome-ignore lint/suspicious/noExplicitAny: each kind knows its own target
  readonly accountTemplate?: (target: any) => string | null;
}

/** Fields whose values must not be written in the file. */
const SECRET_FIELD = /(^|_)(secret|token|password|private_key|api_key)$/i;
const PLACEHOLDER = /\$\{([^}]*)\}/g;

/** The variables that a policy file names as `${NAME}`, each with the offset of its first use. */
export const namedIn = (source: string): Map<string, number> =>
  new Map([...source.matchAll(PLACEHOLDER)].reverse().map(({ 1: name = '', index }) => [name, index]));

/** The values of `${NAME}` variables and the secrets inside them, to be redacted. */
export const secretsOf = (source: string, variables: NodeJS.ProcessEnv): string[] =>
  [...namedIn(source).keys()].flatMap((name) => plainForms(variables[name] ?? ''));

/** Shorter values could also occur by chance. */
const SHORTEST_PASSWORD = 8;

/** The values of variables that are named like secrets. */
export const passwordsOf = (source: string, variables: NodeJS.ProcessEnv): string[] =>
  [...namedIn(source).keys()].flatMap((name) => {
    const value = SECRET_NAME.test(name) ? (variables[name] ?? '') : '';
    // An address or a path says where the target is, even if its variable is named like a secret.
    return value.length < SHORTEST_PASSWORD || value.startsWith('/') || value.includes('://') ? [] : [value];
  });

interface TargetCheck {
  readonly kinds: readonly TargetKind[];
  /** null if its secrets are missing. */
  readonly variables: NodeJS.ProcessEnv | null;
  readonly report: (path: Path, message: string) => void;
  /** Names that are told of at least somebody. */
  readonly identified: ReadonlySet<string>;
  /** Of the policy file. */
  readonly folder: string;
}

/**
 * Checks a target with the schemas of its kind.
 * @param at its path in the file
 * @returns the parsed target (undefined if its secrets are missing) and the schema of its roles, or null if an issue
 * was reported
 */
export function checkTarget(
  at: Path,
  target: unknown,
  { kinds, variables, report, identified, folder }: TargetCheck,
): { readonly target: unknown; readonly roleSchema: z.ZodType } | null {
  const kindName = fieldOf(target, 'kind');
  if (typeof kindName !== 'string') return null; // The file's own schema has said so.
  const kind = kinds.find((one) => one.kind === kindName);
  if (!kind) {
    report(
      [...at, 'kind'],
      IN_FILE.kind(
        kinds.map((one) => one.kind),
        kindName,
      ),
    );
    return null;
  }
  const schemas =
    kind.schemasFor && kind.targetSchema.safeParse(target).success ? kind.schemasFor(target, folder) : kind;
  if ('problem' in schemas) {
    report([...at, schemas.at], schemas.problem);
    return null;
  }
  refuseSecrets(target, at, report);
  if (!variables) return { target: undefined, roleSchema: schemas.roleSchema };
  const filled = fillSecrets(target, variables, at, report);
  const parsed = schemas.targetSchema.safeParse(filled);
  for (const issue of parsed.error?.issues ?? [])
    for (const { path, message } of spread(issue)) report([...at, ...path], message);
  const wanted = parsed.success ? namesWanted(kind.accountTemplate?.(parsed.data) ?? '') : [];
  for (const name of wanted.filter((one) => !identified.has(one))) report(at, IN_FILE.nobodyNamed(name));
  return { target: parsed.data, roleSchema: schemas.roleSchema };
}

/** Checks a resource's target and its roles' grants with the schemas of its provisioner. */
export function checkResource(
  id: string,
  resource: unknown,
  check: TargetCheck,
  { targets, grants }: { targets: Map<string, unknown>; grants: Map<string, unknown> },
): void {
  const at: Path = ['resources', id];
  const { report } = check;
  const checked = checkTarget([...at, 'target'], fieldOf(resource, 'target'), check);
  if (!checked) return;
  targets.set(id, checked.target);
  const { roleSchema } = checked;
  for (const [roleId, role] of entriesOf(fieldOf(resource, 'roles'))) {
    const parsedRole = roleSchema.safeParse(fieldOf(role, 'grants'));
    for (const issue of parsedRole.error?.issues ?? [])
      for (const { path, message } of spread(issue)) report([...at, 'roles', roleId, 'grants', ...path], message);
    grants.set(`${id}/${roleId}`, parsedRole.data);
  }
}

export const lacksSecrets = (target: unknown, variables: NodeJS.ProcessEnv): boolean =>
  [...JSON.stringify(target ?? null).matchAll(PLACEHOLDER)].some(([, name]) => !variables[name ?? '']);

/** Reports passwords that are written out: what a target is as written is shown, and kept. */
function refuseSecrets(value: unknown, path: Path, report: (path: Path, message: string) => void): void {
  if (typeof value === 'string') {
    const credentials = /^[a-z]+:\/\/[^/@:]*:([^@/]*)@/.exec(value)?.[1];
    const isSecretField = SECRET_FIELD.test(String(path.at(-1)));
    if ((credentials !== undefined && !credentials.includes(OPENING)) || (isSecretField && !value.includes(OPENING)))
      report(path, VARIABLE.secret);
    return;
  }
  for (const [key, item] of entriesOf(value))
    refuseSecrets(item, [...path, Array.isArray(value) ? Number(key) : key], report);
}

/** Replaces `${NAME}` with environment variables, in the texts of a target only. */
function fillSecrets(
  value: unknown,
  variables: NodeJS.ProcessEnv,
  path: Path,
  report: (path: Path, message: string) => void,
): unknown {
  if (typeof value === 'string') {
    return value.replace(PLACEHOLDER, (_, name: string) => {
      const filled = variables[name];
      if (filled === undefined || filled === '') report(path, VARIABLE.unset(name));
      return filled ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => fillSecrets(item, variables, [...path, index], report));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fillSecrets(item, variables, [...path, key], report)]),
    );
  }
  return value;
}
