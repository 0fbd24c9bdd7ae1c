import type { Use } from './domain/accessReview.ts';
import type { LedgerEvent, NewEvent } from './domain/events.ts';
import type { Evidence, History, Incident, OnCallEntry, OpaAnswer } from './domain/evidence.ts';
import type { Grant, LiveGrant } from './domain/grant.ts';
import type { Human, Identity, Person } from './domain/person.ts';
import type { OpaTarget, Policy, Principal, Role } from './domain/policy.ts';
import type { Records } from './domain/records.ts';
import type { Request } from './domain/request.ts';
import type { Activity, ReviewActivity } from './domain/signals.ts';
import type { Instant, Known, Millis } from './domain/terms.ts';

/** What the flow needs from the world. Adapters implement these; nothing else crosses. */

export interface Clock {
  /** Never runs backwards within a process. */
  now(): Instant;
  /** Calls back once, at or soon after `at` on this clock, even if it jumps. Returns how to cancel. */
  wakeAt(at: Instant, callback: () => void): () => void;
}

/** A new id with the given one-letter prefix, never used before. */
export type NewId = (prefix: 'R' | 'G' | 'A') => string;

export type JobKind =
  /** Access, by grant: give, lengthen, take back. */
  | 'provision'
  | 'extend'
  | 'end'
  /** Write down where an earlier version's live grant was given, and what it touched: by grant, and once for all of them. */
  | 'stamp'
  /** Begin a request whose time has come; end one that nobody decided; by request. */
  | 'start'
  | 'expire'
  /** End everything that was live when it was frozen. */
  | 'freeze'
  /** Keep a position of the ledger outside the database. */
  | 'checkpoint'
  /** Send events on, by place. */
  | 'forward'
  /** Ask whether what a grant was given for still holds; whether the people who hold something are still there. */
  | 'watch'
  | 'sweep'
  /** Ask more people, by request and step; see that a use of break-glass is reviewed, by request. */
  | 'escalate'
  | 'review'
  /** Compare targets with the ledger. */
  | 'drift'
  /** Write to PagerDuty: wake somebody, by event; let them sleep once it is decided, by event; note on an incident, by event. */
  | 'page'
  | 'resolve_page'
  | 'note'
  /** Slack messages: see slack/projections.ts. */
  | 'card'
  | 'notify'
  | 'remind'
  | 'audit'
  | 'digest'
  /** Access reviews: remind and close; the messages to owners; by id. */
  | 'access_review'
  | 'review_cards';

/** Work that is due at a time. Kind and key make it unique: putting it again moves it. */
export interface Job {
  readonly kind: JobKind;
  readonly key: string;
  readonly dueAt: Instant;
}

export interface ClaimedJob extends Job {
  /** From 1. A claim that a crash cut short counts. */
  readonly attempt: number;
}

/** A claim, with what is needed to finish exactly this job and no newer one of the same key. */
export interface Claim extends ClaimedJob {
  readonly generation: number;
}

/** What became of a claimed job. */
export type Settled = {
  readonly claim: Claim;
  readonly next:
    | 'done'
    | {
        readonly dueAt: Instant;
        /** `done`: the next claim is the first of a new round; `failed`: the next try; `waiting`: the same try again. */
        readonly after: 'done' | 'failed' | 'waiting';
      };
};

/** The due work in the database. Throws StorageError where it cannot be read or written. */
export interface JobQueue {
  /** Takes due work, oldest first, for a while. One commit however many. */
  claim(kinds: readonly JobKind[], now: Instant, limit: number, lease: Millis): Claim[];
  /** Due work as it stands, for when nothing can be written. */
  peek(kind: JobKind, now: Instant, limit: number): Claim[];
  /** Records what became of work. What is settled in one turn is one commit. */
  settle(settled: Settled): Promise<void>;
  /** When the next work of these kinds that nobody has taken is due; null: none. */
  nextDueAt(kinds: readonly JobKind[], now: Instant): Instant | null;
  /** Frees what a process that died had claimed. Only for the one writing process, at its start. */
  releaseAll(): void;
}

/**
 * Does one job. Returns when to come back, or null when nothing is left to do; throws to be tried again.
 * `waiting`: it was not done, and could not be; what an earlier try may have done is still to be looked for.
 */
export type JobHandler = (
  key: string,
  attempt: number,
) => Promise<{ readonly notBefore: Instant; readonly waiting?: boolean } | null>;

/** Reads events back, in order. */
export interface EventReader {
  after(seq: number, limit: number): readonly LedgerEvent[];
  get(seq: number): LedgerEvent | null;
  newest(): LedgerEvent | null;
  /** null: nothing was ever recorded. */
  origin(): Origin | null;
  /** All events of a rare type, oldest first. */
  marks<T extends MarkType>(type: T): readonly (LedgerEvent & { readonly type: T })[];
}

/** Events so rare that all of them are read at each start; an index finds them. */
export type MarkType = 'bot.identified' | 'channel.forged' | 'ledger.damaged' | 'ledger.looked';

/** Where a ledger comes from, also where its beginning is in an archive. */
export interface Origin {
  /** Hash of the first event of all: which ledger it is. */
  readonly ledger: string;
  readonly began: Instant;
  /** The first event that is still in the database. */
  readonly first: number;
}

/** What an auditor asks about; everything that is given has to fit. */
export interface EventFilter {
  /** A Slack id, or part of a name. */
  readonly person?: string;
  /** A role's key, or a resource's id: all its roles. */
  readonly role?: string;
  readonly requestId?: string;
  readonly incidentId?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  /** The newest ones, so many. */
  readonly limit: number;
}

export interface EventSearch {
  /** Oldest first. */
  find(filter: EventFilter): readonly LedgerEvent[];
  /** The message in whose thread a request is reviewed; null: nobody had to. */
  cardOf(requestId: string): { readonly channel: string; readonly ts: string } | null;
}

/** A Slack message that is kept up to date. */
export interface Post {
  readonly channel: string;
  readonly ts: string;
  /** SHA-256 of what the message shows. */
  readonly digest: string;
}

/** Where Slack messages went, and how far the audit channel has got: what delivery remembers across restarts. */
export interface PostBook {
  find(key: string): Post | null;
  keep(key: string, post: Post): void;
  cursor(name: string): number;
  moveCursor(name: string, seq: number): void;
}

/** A loaded thing and the version it must still have when the next state is committed. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

/** One small state, by kind and key. */
export type RecordChange = {
  [K in keyof Records]: {
    readonly kind: K;
    readonly key: string;
    readonly value: Records[K];
    readonly version: number;
  };
}[keyof Records];

/** Everything one step changes, committed together or not at all. */
export interface Change {
  /** version 0: must not exist yet. */
  readonly requests?: readonly Versioned<Request>[];
  readonly grants?: readonly Versioned<Grant>[];
  readonly records?: readonly RecordChange[];
  readonly events?: readonly NewEvent[];
  /** Due work to add or move. */
  readonly jobs?: readonly Job[];
  /** Due work that is done. */
  readonly done?: readonly Pick<Job, 'kind' | 'key'>[];
}

/** Somebody was faster, or the thing exists already: load and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The database could not be read or written: locked, full, read-only, damaged. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** Another program holds the database: the same may well succeed in a moment. */
  readonly isBusy: boolean;

  constructor(message: string, { isBusy = false, ...options }: ErrorOptions & { readonly isBusy?: boolean } = {}) {
    super(message, options);
    this.isBusy = isBusy;
  }
}

/** What the ledger says about how people behave. Rejects where it cannot be read. */
export interface ActivityReader {
  /** @param accounts Slack ids of one human */
  asking(accounts: readonly string[], resourceId: string, now: Instant): Promise<Activity>;
  /** How often each role was used since then. */
  uses(since: Instant): Promise<readonly Use[]>;
  /** @param between the accounts of the two of them; the first of each stands for all of theirs */
  reviewing(
    between: { readonly reviewer: readonly string[]; readonly requester: readonly string[] },
    now: Instant,
  ): Promise<ReviewActivity>;
}

export interface HistoryQuestion {
  readonly human: Human;
  readonly since: Instant;
  /** Holders of their roles are listed. */
  readonly resources: readonly string[];
  readonly exceptRequest: string | null;
}

/** What limits look at, with holders as they are known by. */
export type PastAndHolders = Omit<History, 'holders'> & {
  readonly holders: readonly { readonly role: string; readonly person: Identity }[];
};

export interface Store {
  /** @throws ConflictError, StorageError */
  commit(change: Change): Promise<readonly LedgerEvent[]>;
  request(id: string): Promise<Versioned<Request> | null>;
  requestBySubmission(submissionKey: string): Promise<Versioned<Request> | null>;
  /** One that waits for reviewers, by any account of this human. */
  pendingRequestOf(human: Human, role: string): Promise<Versioned<Request> | null>;
  grant(id: string): Promise<Versioned<Grant> | null>;
  /** What this human holds of a role, by any of their accounts. */
  liveGrantOf(human: Human, role: string): Promise<Versioned<LiveGrant> | null>;
  liveGrants(filter: { slackId?: string; resourceId?: string }): Promise<readonly Versioned<LiveGrant>[]>;
  /** Live grants of an earlier version, which did not say where they were given; by id, after this one. */
  liveWithoutPlace(after: string, limit: number): Promise<readonly Versioned<LiveGrant>[]>;
  /** Where anything is live, and on which resources. `place` null: an earlier version did not say. */
  livePlaces(): Promise<readonly { readonly place: string | null; readonly resourceId: string }[]>;
  /** Resources on which anything is live. */
  liveResources(): Promise<readonly string[]>;
  /** People who hold anything, by Slack id, in order, after this one; so many. */
  livePeople(after: string, limit: number): Promise<readonly string[]>;
  /** Live grants that were given for an incident. */
  liveForIncident(incidentId: string): Promise<readonly string[]>;
  /** Requests that are not final: pending and scheduled ones. */
  openRequests(filter: { slackId?: string }): Promise<readonly Versioned<Request>[]>;
  /** Requests that were made together, in the order they were made. */
  bundle(id: string): Promise<readonly Request[]>;
  /** A person's newest requests, newest first. */
  recentRequests(slackId: string, limit: number): Promise<readonly Request[]>;
  /** Everybody who was ever given anything on a resource, by account and mailbox; an erased one has no mailbox. */
  peopleAt(resourceId: string): Promise<readonly { readonly slackId: string; readonly mailbox: string }[]>;
  /** What limits look at. A request that is decided again does not count against itself. */
  history(about: HistoryQuestion): Promise<PastAndHolders>;
  /** Slack ids of this human's accounts, with those that asked for something under one of their mailboxes. */
  accountsOf(human: Human): Promise<readonly string[]>;
  /** A person's newest grants, newest first. */
  recentGrants(slackId: string, limit: number): Promise<readonly Grant[]>;
  /** Uses of break-glass that nobody has reviewed; of one human, where given. */
  unreviewedUses(human?: Human): Promise<readonly (Request & { state: 'approved' })[]>;
  /** Version 0 and null: never set. */
  record<K extends keyof Records>(kind: K, key: string): Promise<Versioned<Records[K]>>;
  records<K extends keyof Records>(kind: K): Promise<readonly NonNullable<Records[K]>[]>;
}

/** Who is who at Slack. */
export interface Directory {
  /** The person, if active, internal and human; otherwise why not. Always asked afresh. */
  person(slackId: string): Promise<Known<Person>>;
  /** The same, by e-mail address. */
  personByEmail(email: string): Promise<Known<Person>>;
  /**
   * Why this account is certainly no active, full member any more: `the Slack account was deactivated`; null: it is one.
   * Not known where Slack does not say. Always asked afresh.
   */
  hasLeft(slackId: string): Promise<Known<string | null>>;
  /** Whether somebody can be expected to see a message now: do-not-disturb, and the hour where they are. */
  isAwake(person: Person): Promise<Known<boolean>>;
  /** Members of each user group. */
  members(
    groupIds: readonly Principal[],
    purpose: Purpose,
  ): Promise<ReadonlyMap<Principal, Known<ReadonlySet<string>>>>;
  /**
   * Everybody who ever was a full member of the workspace and whose address Slack still shows, also those who left: a few
   * minutes old at most.
   */
  everybody(): Promise<Known<readonly Pick<Person, 'slackId' | 'name' | 'email'>[]>>;
  /** What people call each of them, `@dba` or `Ana Kovač`, as far as Slack says. For reading only: nothing is decided by it. */
  names(principals: readonly Principal[]): Promise<ReadonlyMap<Principal, string>>;
}

/** What PagerDuty says. */
export interface OnCall {
  /**
   * @param about.at a time ahead; by default now
   * @param about.overrides whether to ask also which shifts are overrides
   */
  entries(
    person: Person,
    purpose: Purpose,
    about?: { readonly at?: Instant; readonly overrides?: boolean },
  ): Promise<Known<readonly OnCallEntry[]>>;
  /** E-mail addresses of whoever is on call for an escalation policy at a level now. */
  onCallFor(escalationPolicy: string, level: number): Promise<Known<readonly string[]>>;
  /** Whether PagerDuty has a user with this e-mail address. Always asked afresh. */
  knows(person: Person): Promise<Known<boolean>>;
  incident(id: string, purpose: Purpose): Promise<Known<Incident>>;
  /** Whether the credential may ask at all. */
  check(): Promise<Known<true>>;
  /** The person's own incidents that are not resolved. */
  openIncidents(person: Person): Promise<Known<readonly Incident[]>>;
}

/** The policy file, read again while the bot runs. */
export interface PolicyFile {
  /** The file as it is now, checked; or every issue it has, one a line. */
  read(): { readonly policy: Policy } | { readonly problem: string };
  /** Puts a policy in force: rules, reviewers, targets. */
  use(policy: Policy): void;
}

/** What the bot writes to PagerDuty. Throws what kept it from doing so. */
export interface IncidentDesk {
  /** Whether it was set up to write at all. */
  readonly canWrite: boolean;
  /** Adds a note, once per marker, which is part of the text. */
  note(incidentId: string, text: string, marker: string): Promise<void>;
  /** Opens an incident on a service, once per key, so that somebody is woken. */
  page(page: { service: string; title: string; details: string; key: string }): Promise<void>;
  /** Resolves the incident that was opened with a key; nothing where there is none that is open. */
  resolve(key: string): Promise<void>;
}

/** Open Policy Agent. Every failure is an answer: it never throws. */
export interface PolicyEngine {
  ask(target: OpaTarget, question: OpaQuestion): Promise<Known<OpaAnswer>>;
}

/** What a role that is handed to Open Policy Agent is decided on. docs/opa.md describes the document made of it. */
export interface OpaQuestion {
  readonly at: Instant;
  readonly person: Person;
  /** Slack ids of the accounts that the same human has besides, as far as they are known. Absent: none is. */
  readonly otherAccounts?: readonly string[];
  readonly role: string;
  readonly duration: Millis;
  readonly reason: string;
  readonly onCall: Known<readonly OnCallEntry[]>;
  readonly incident: Known<Incident> | null;
}

/** One-time codes and how their secrets are kept. */
export interface CodeBox {
  /** Whether a key to encrypt with was set up. */
  readonly canSeal: boolean;
  /** A new secret, encrypted; and as the authenticator app takes it. */
  create(account: string): { sealed: string; secret: string; uri: string };
  /** The time step that the code is of, close to now; null: it is none. */
  stepOf(sealed: string, code: string, now: Instant): number | null;
}

/**
 * What an answer is for. `decision` always asks, and waits where a rate limit is used up; `check` always asks and does
 * not wait; an answer to `preview` may be up to a minute old.
 */
export type Purpose = 'decision' | 'check' | 'preview';

/** Gathers what a role's rules ask about a person. Problems are part of the answer; it never throws. */
export interface EvidenceSource {
  /** @param about.at a time ahead that the evidence should be about; null: now */
  gather(
    role: Role,
    about: {
      readonly person: Person;
      readonly incidentId: string | null;
      readonly at: Instant | null;
      /** The request that is decided again; null: a new one. */
      readonly requestId: string | null;
      /** For Open Policy Agent. */
      readonly duration: Millis;
      readonly reason: string;
    },
    purpose: Purpose,
  ): Promise<Evidence>;
}

export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export type * from './ports/targets.ts';
