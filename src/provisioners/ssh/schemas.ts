import { z } from 'zod';
import { TARGET_FIELDS } from '../../wording/targets/shared.ts';
import { SSH_FIELDS } from '../../wording/targets/ssh.ts';
import { rangeOf } from './addresses.ts';

const path = z.string().regex(/^\//, SSH_FIELDS.path);

/** A program and its arguments, without a shell. */
const program = z.array(z.string().min(1));

export const targetSchema = z.strictObject({
  kind: z.literal('ssh'),
  /** Path of the authority's private key; with `agent`, of its public key. */
  ca_key: path,
  /** The socket of the agent that holds the private key. */
  agent: path.optional(),
  /** Path of the list that servers read as RevokedKeys. */
  revocation_list: path,
  /** Program that copies the list to the servers after each change. */
  publish: program.default([]),
  /** Program that ends open sessions on the servers when access ends. The grant's id is its last argument. */
  end_sessions: program.min(1, SSH_FIELDS.program).optional(),
  /** Template for a person's public key. */
  public_key: z
    .string()
    .regex(/\{[a-z_]+\}/, TARGET_FIELDS.template('"{ssh_key}"'))
    .default('{ssh_key}'),
});

const FEATURES = ['pty', 'port-forwarding', 'agent-forwarding', 'X11-forwarding', 'user-rc'] as const;

/** OpenSSH makes no certificate for a range with bits set after its prefix. The start reports it, and not each grant. */
const sourceAddress = z.string().superRefine((text, context) => {
  const range = rangeOf(text);
  if (range === text) return;
  const message = range === null ? SSH_FIELDS.range : SSH_FIELDS.inRange(text, range);
  context.addIssue({ code: 'custom', message });
});

export const roleSchema = z.strictObject({
  /** Principals that servers let in: logins, or names from AuthorizedPrincipalsFile. */
  principals: z
    .array(z.string().regex(/^[^\s,{}]+$/, SSH_FIELDS.principal))
    .min(1, TARGET_FIELDS.atLeastOne('principal')),
  /** The login that people use, if principals are names from AuthorizedPrincipalsFile. */
  login: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, SSH_FIELDS.login)
    .optional(),
  /** The only command that the certificate allows. */
  command: z.string().min(1).optional(),
  /** Addresses from which the certificate may be used. */
  source_addresses: z.array(sourceAddress).default([]),
  /** Additional features. By default a terminal, or nothing with `command`. */
  allow: z.array(z.enum(FEATURES)).optional(),
});

export type Target = z.infer<typeof targetSchema>;
export type Role = z.infer<typeof roleSchema>;
