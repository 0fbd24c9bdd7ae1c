import type { z } from 'zod';
import type { Residue } from '../domain/grant.ts';
import type { Instant, Millis } from '../domain/terms.ts';
import { SECOND } from '../domain/terms.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Credential, Finding, Holding, IdBook, SeatBook } from '../ports/targets.ts';
import type { Polling } from './polling.ts';

/** The access of one grant, for a provisioner. */
export interface Access<Role> {
  /** Names everything made for it at the target, so that a repeated call finds what is there. */
  readonly grantId: string;
  /** Who approved it, for labels. */
  readonly requestId: string;
  readonly person: {
    readonly slackId: string;
    readonly name: string;
    readonly email: string;
    /** The address with its original capitals. */
    readonly writtenEmail?: string | undefined;
  };
  readonly role: Role;
  /** `payments-db/read`, for labels. */
  readonly roleKey: string;
}

/** A role of the policy in the terms of the target. */
export interface ListedRole<Role> {
  readonly roleKey: string;
  readonly role: Role;
}

/** A connection to one target. Each call has a deadline, throws an error that says what failed, and is idempotent. */
export interface Connection<Role> {
  /** Gives the access, or finds it given. `expiresAt` sets the target's own expiry if it has one. */
  grant(access: Access<Role>, expiresAt: Instant): Promise<{ account: string }>;
  /**
   * Removes the access and ends its sessions. Already gone is success. It may return what the holder made that outlives
   * the access. Such things give nobody access, so they do not prevent the end.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most targets have no room for anything to be left behind
  revoke(access: Access<Role>): Promise<{ readonly left: readonly Residue[] } | void>;
  /**
   * Asks the target whether anything of this access exists now. Absence counts only if the same place has answered a
   * question that must succeed: it throws for a place that the bot cannot see, or a credential that lost its rights.
   */
  isActive(access: Access<Role>): Promise<boolean>;
  /**
   * Everybody who has any of these roles, in any way, and everything else that the bot made there. Missing if the
   * target cannot list.
   */
  readonly list?: (roles: readonly ListedRole<Role>[]) => Promise<readonly Holding[]>;
  /** Set if the target has no labels, so that `list` finds what grants gave through the bot's own database. */
  readonly listsByBook?: true;
  /** Removes what `list` found. Already gone is success. */
  readonly remove?: (holding: Holding, role: Role | null) => Promise<void>;
  /**
   * Retries a clean-up that a revoke could not finish because something was in use. Changes nobody's access. Missing if
   * a revoke cleans up everything.
   */
  readonly tidy?: () => Promise<void>;
  /** Checks that the target answers and that the bot's credential has the rights for these roles. Changes nothing. */
  check(roles: readonly ListedRole<Role>[]): Promise<readonly Finding[]>;
  /**
   * How long sessions may outlive the access, in ms. 0 if they end with it, null if they live until closed, missing if
   * there are none.
   */
  readonly afterlife?: Millis | null;
  /**
   * Creates a new secret for the access, which replaces the previous one. `expiresAt` is for secrets with their own
   * expiry. Missing if the target has no secrets.
   */
  readonly issueCredential?: (access: Access<Role>, expiresAt: Instant) => Promise<Credential>;
  /**
   * Records, by the target's ids, what a grant of an earlier version touched. Idempotent. Missing if there is nothing
   * to record.
   */
  readonly stamp?: (access: Access<Role>) => Promise<void>;
  close(): Promise<void>;
}

/** What the bot provides to a connection. */
export interface Use {
  readonly log: Log;
  readonly clock: Pick<Clock, 'now'>;
  readonly seats: SeatBook;
  /**
   * What each grant touched, by the target's ids. Recorded before or with the change, so that a crash loses nothing.
   */
  readonly ids: IdBook;
  /** How often and how long to poll until the target shows a change. Missing for the default of the kind. */
  readonly polling?: Polling | undefined;
  /** A person's account name, from a template such as `{email}`. @throws TargetRefusal if a value is missing */
  readonly accountOf: (template: string, person: Access<unknown>['person']) => string;
}

/** A grant that somebody has to end by hand. */
export interface ToTakeBack<Role> extends Pick<Access<Role>, 'grantId' | 'person' | 'role' | 'roleKey'> {
  /** The account at the target, or null if it is unknown whether anything was given. */
  readonly account: string | null;
}

/** One kind of target. A folder here and a line in registry.ts. */
export interface Provisioner<Target, Role> {
  readonly kind: string;
  /** The schema of `target` in the policy file. */
  readonly targetSchema: z.ZodType<Target>;
  /** The schema of a role's `grants`. */
  readonly roleSchema: z.ZodType<Role>;
  /**
   * For kinds whose schemas come from elsewhere: loads the schemas of one target. `folder` is that of the policy file,
   * and `at` the field of a problem.
   */
  readonly schemasFor?: (
    target: unknown,
    folder: string,
  ) =>
    | { readonly targetSchema: z.ZodType; readonly roleSchema: z.ZodType }
    | { readonly problem: string; readonly at: string };
  /** Packages that are not installed with the bot. They are loaded when a policy uses this kind. */
  readonly packages?: readonly string[];
  /** Its roles are held by Slack accounts, and the canary has none. */
  readonly isOfSlack?: true;
  /** The template for account names at this target, or null. */
  readonly accountTemplate?: (target: Target) => string | null;
  /**
   * Identifies the target among all of its kind: host, organization, path, and what else decides where a revoke looks,
   * such as the login template. Never secrets: with another password it is the same place.
   */
  placeOf(target: Target): string;
  /**
   * How an administrator of the target ends a grant without the bot: statements to type, in order.
   * @param target null if its secrets, and so its place, are missing
   */
  byHand(one: ToTakeBack<Role>, target: Target | null): readonly string[];
  /** Connects lazily, with the first call. */
  connect(target: Target, use: Use): Connection<Role>;
}

/** The target was reached, and cannot do what was asked. */
export class TargetRefusal extends Error {
  override readonly name = 'TargetRefusal';
}

/** Deadline of one call to a target, in ms. */
export const TARGET_DEADLINE: Millis = 10 * SECOND;
