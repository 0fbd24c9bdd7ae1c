import type { z } from 'zod';
import type { Residue } from '../domain/grant.ts';
import type { Instant, Millis } from '../domain/terms.ts';
import { SECOND } from '../domain/terms.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Credential, Finding, Holding, IdBook, SeatBook } from '../ports/targets.ts';
import type { Polling } from './polling.ts';

/** The access of one grant, as a provisioner sees it. */
export interface Access<Role> {
  /** Names everything made for it at the target, so that doing it again finds what is there. */
  readonly grantId: string;
  /** On whose approval it rests, for labels. */
  readonly requestId: string;
  readonly person: {
    readonly slackId: string;
    readonly name: string;
    readonly email: string;
    /** The address with its capitals, where it has any. */
    readonly writtenEmail?: string | undefined;
  };
  readonly role: Role;
  /** `payments-db/read`, for labels. */
  readonly roleKey: string;
}

/** A role of the policy, as the target knows it. */
export interface ListedRole<Role> {
  readonly roleKey: string;
  readonly role: Role;
}

/** A connection to one target. Each call has a deadline, throws a plain error that says what failed, and may be repeated. */
export interface Connection<Role> {
  /** Gives the access, or finds it given. `expiresAt` goes into the target's own expiry where it has one. */
  grant(access: Access<Role>, expiresAt: Instant): Promise<{ account: string }>;
  /**
   * Takes the access away and ends what was opened with it. Already gone is success. It may return what the holder made
   * with the access and that outlives it: such things give nobody access, so they do not keep a grant from ending.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most targets have no room for anything to be left behind
  revoke(access: Access<Role>): Promise<{ readonly left: readonly Residue[] } | void>;
  /**
   * Whether the target holds anything of this access, asked of the target now. Absence counts only where the same place
   * has answered a question that must succeed: a place that is not seen, or a credential that lost its right, throws.
   */
  isActive(access: Access<Role>): Promise<boolean>;
  /**
   * Everybody who holds any of these roles, by whatever way, and whatever else the bot made there. Absent: this
   * target cannot say.
   */
  readonly list?: (roles: readonly ListedRole<Role>[]) => Promise<readonly Holding[]>;
  /** `list` finds what grants gave by what the bot keeps in its own database: there is no room for a label. Absent: by labels. */
  readonly listsByBook?: true;
  /** Takes away what `list` found. Already gone is success. */
  readonly remove?: (holding: Holding, role: Role | null) => Promise<void>;
  /**
   * Tries again to clean up what a revoke could not, because somebody used it just then. It changes nobody's access.
   * Absent: a revoke cleans up, or nothing can be left.
   */
  readonly tidy?: () => Promise<void>;
  /** Whether the target answers and the bot's credential may do what these roles need, found out without changing anything. */
  check(roles: readonly ListedRole<Role>[]): Promise<readonly Finding[]>;
  /**
   * How long sessions that were opened with the access may live on after it was taken back. 0: they are ended with it;
   * null: until they are closed. Absent: there are none.
   */
  readonly afterlife?: Millis | null;
  /**
   * Makes a fresh secret for the access, replacing any before it. `expiresAt` is for a secret with an end of its own.
   * Absent: this target hands out none.
   */
  readonly issueCredential?: (access: Access<Role>, expiresAt: Instant) => Promise<Credential>;
  /**
   * Writes down by the target's own ids what a grant touched that an earlier version of the bot gave. Idempotent.
   * Absent: there is nothing to write down.
   */
  readonly stamp?: (access: Access<Role>) => Promise<void>;
  close(): Promise<void>;
}

/** What a connection has of the bot. */
export interface Use {
  readonly log: Log;
  readonly clock: Pick<Clock, 'now'>;
  readonly seats: SeatBook;
  /** What each grant touched, by the target's own ids. Kept before or in the act, so that a crash loses none. */
  readonly ids: IdBook;
  /** How often and how long a target is looked at until it shows what it was told. Absent: as is usual there. */
  readonly polling?: Polling | undefined;
  /** What somebody is called there, by a template such as `{email}`. @throws TargetRefusal where nobody has said */
  readonly accountOf: (template: string, person: Access<unknown>['person']) => string;
}

/** A grant as somebody else than the bot has to take it back. */
export interface ToTakeBack<Role> extends Pick<Access<Role>, 'grantId' | 'person' | 'role' | 'roleKey'> {
  /** What they are called at the target. null: nobody knows whether they were ever given anything. */
  readonly account: string | null;
}

/** One kind of target. A folder here and a line in registry.ts. */
export interface Provisioner<Target, Role> {
  readonly kind: string;
  /** What `target` in the policy file may say. */
  readonly targetSchema: z.ZodType<Target>;
  /** What `grants` of a role may say. */
  readonly roleSchema: z.ZodType<Role>;
  /**
   * Where the schemas come from elsewhere: those of one target, by what stands in the policy file, which lies in `folder`.
   * `at`: the field that a problem is about.
   */
  readonly schemasFor?: (
    target: unknown,
    folder: string,
  ) =>
    | { readonly targetSchema: z.ZodType; readonly roleSchema: z.ZodType }
    | { readonly problem: string; readonly at: string };
  /** Packages that installing the bot does not bring; they are loaded when a policy uses this kind. */
  readonly packages?: readonly string[];
  /** The template for what people are called at this target; null: it has none. */
  readonly accountTemplate?: (target: Target) => string | null;
  /**
   * Which target it is, among all of this kind: host, organization, path, and whatever else decides where a grant is looked
   * for when it is taken back, such as the login template. Never secrets: with another password it is the same place.
   */
  placeOf(target: Target): string;
  /**
   * What takes a grant back where there is no bot: statements to type, in order, for an administrator of the target.
   * @param target null: its secrets, and so where it is, are not at hand
   */
  byHand(one: ToTakeBack<Role>, target: Target | null): readonly string[];
  /** Nothing is reached yet: the first call does that. */
  connect(target: Target, use: Use): Connection<Role>;
}

/** The target was reached, and what was asked of it cannot be done. */
export class TargetRefusal extends Error {
  override readonly name = 'TargetRefusal';
}

/** How long a target may take to answer one call. */
export const TARGET_DEADLINE: Millis = 10 * SECOND;
