/** What must hold at every moment, and what must have come true at the end. docs/reliability.md has each in words. */

import SQLite, { type Database } from 'better-sqlite3';
import type { LiveGrant } from '../../src/domain/grant.ts';
import { HOUR, type Instant, MINUTE, type Millis } from '../../src/domain/terms.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createNameReader } from '../../src/ledger/sqlite/names.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { type Census, censusOf } from './census.ts';
import type { Told } from './model/book.ts';
import { createModel } from './model/model.ts';
import { humanOf } from './model/world.ts';
import type { Outside } from './outside.ts';
import type { Past, PolicyName } from './past.ts';
import { levelIn, rank, seatsOf, type Team, teamBefore } from './team.ts';
import { createTold } from './told/told.ts';

/** How long after trouble, or after its end, access may still be there. */
export const GRACE: Millis = 5 * MINUTE;

/** Work that goes on for ever, or for days. */
const LASTING = ['resolve_page', 'sweep', 'drift', 'digest', 'chase_use_review', 'access_review', 'canary'];

/** Something that must never be was so. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

const must = (holds: boolean, otherwise: () => string): void => {
  if (!holds) throw new Violation(otherwise());
};

/** When something was last made to fail. */
export interface Trouble {
  /** What keeps targets from being asked. */
  target: Instant;
  /** That, and what keeps Slack or PagerDuty from answering. */
  services: Instant;
  /** That, and what keeps the bot from writing. */
  any: Instant;
}

export interface Watcher {
  /**
   * After every step.
   */
  look(now: Instant, trouble: Trouble): void;
  /** After every call that has ended: what was recorded since. */
  hear(now: Instant): void;
  census(): Census;
  /** How many events of a type there are. */
  count(type: Told['type']): number;
  /** Nothing is live, open or to be done, but what goes on for ever. */
  isAtRest(): boolean;
  /** When everything has come to rest. */
  lookAtTheEnd(): void;
  /** What was said so far is no longer of interest. */
  forget(): void;
  close(): void;
}

/** The longest that each role may be held, with all extensions, as policy.yaml says. */
const TOTALS: Readonly<Record<string, Millis>> = {
  'db/read': 4 * HOUR,
  'db/admin': HOUR,
  'web/edit': HOUR,
  'web/view': HOUR / 2,
  'web/look': HOUR / 2,
  'team/member': 3 * HOUR,
  'team/lead': HOUR,
};

const inTeams = ({ places }: Team): string =>
  places.flatMap(({ id, members }) => [...members].map(([who, level]) => `${who} is ${level} of ${id}`)).join(', ');

interface EventRow {
  readonly seq: number;
  readonly at: Instant;
  readonly type: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly actor: string;
  readonly payload: string;
}

export function createWatcher(
  path: string,
  outside: Outside,
  world: {
    readonly past: Past;
    readonly sawUnwritable: () => boolean;
    readonly forgetsTime: () => boolean;
    readonly policyOf: (hash: string) => PolicyName;
    /** Whether a role stands for two seats. */
    readonly isWide: boolean;
    /** How often Slack could not be reached, nothing could be written, or the bot died. */
    readonly troubles: () => number;
    readonly now: () => Instant;
    /** When Slack, PagerDuty or a target was last kept from answering. */
    readonly troubledAt: () => Instant;
  },
): Watcher {
  const model = createModel(
    {
      past: world.past,
      must,
      sawUnwritable: world.sawUnwritable,
      troubledAt: world.troubledAt,
      isHeld: (grantId) => outside.held.has(grantId),
    },
    GRACE,
  );
  const told = createTold({
    ...model,
    must,
    troubles: world.troubles,
    now: world.now,
    isHeld: (id) => outside.held.has(id),
  });
  const db = new SQLite(path, { readonly: true });
  const liveRows = db
    .prepare<[], string>("SELECT body FROM grants WHERE state IN ('provisioning', 'active', 'revoking', 'overdue')")
    .pluck();
  const newEvents = db.prepare<[number], EventRow>(
    'SELECT seq, at, type, request_id AS requestId, grant_id AS grantId, actor, payload FROM events WHERE seq > ? ORDER BY seq',
  );
  const endJob = db.prepare<[string], unknown>("SELECT 1 FROM jobs WHERE kind = 'end' AND key = ?");
  const ofType = db.prepare<[string], number>('SELECT count(*) FROM events WHERE type = ?').pluck();
  const stateOf = db.prepare<[string], string>('SELECT state FROM grants WHERE id = ?').pluck();
  const atRest = db.prepare<[], unknown>(
    `SELECT 1 FROM jobs WHERE kind NOT IN (${LASTING.map((kind) => `'${kind}'`).join(', ')})
     UNION ALL SELECT 1 FROM grants WHERE state IN ('provisioning', 'active', 'revoking', 'overdue')
     UNION ALL SELECT 1 FROM records WHERE kind = 'canary' AND json_extract(body, '$.run') IS NOT NULL
     UNION ALL SELECT 1 FROM requests WHERE state IN ('pending', 'scheduled') LIMIT 1`,
  );
  /** When the incident of a grant was first seen to be resolved. */
  const resolvedSince = new Map<string, Instant>();
  let seen = 0;
  let frozenSince: Instant | null = null;

  function lookAtEvent({ seq, at, type, requestId, grantId, actor, payload }: EventRow, now: Instant): void {
    must(seq === seen + 1, () => `event ${seq} comes after ${seen}`);
    seen = seq;
    const said = JSON.parse(payload) as Record<string, unknown>;
    const whose = (field: string) => (said[field] as { slackId: string } | undefined)?.slackId ?? '';
    const by = JSON.parse(actor) as { kind: string; id?: string };
    const event: Told = { seq, at, type: type as Told['type'], requestId, grantId, actor: by.id ?? null, said };
    if (type === 'policy.loaded') {
      outside.policy.inForce = world.policyOf(String(said.hash));
      world.past.note(now);
    }
    if (type === 'access.frozen' || type === 'access.unfrozen') {
      outside.isFrozen = type === 'access.frozen';
      world.past.note(now);
    }
    model.look(event);
    told.hear(event);
    const seats = seatsOf(String(said.role), world.isWide);
    if (type === 'grant.activated')
      for (const [line, level] of seats)
        must(
          rank(levelIn(outside.team, line, whose('person'))) >= rank(level),
          () => `${grantId} is said to be active, and is not`,
        );
    if (type === 'grant.activated' && seats.length === 0)
      must(outside.held.has(grantId ?? ''), () => `${grantId} is said to be active, and the target does not hold it`);
    if (type === 'grant.ended' || type === 'grant.failed')
      must(!outside.held.has(grantId ?? ''), () => `${grantId} is said to be over, and the target still holds it`);
    if (type === 'access.frozen') frozenSince = now;
    if (type === 'access.unfrozen') frozenSince = null;
    must(type !== 'ledger.damaged', () => `the bot found its own ledger damaged: ${payload}`);
    // What was taken back on a full disk is not on record: a bot that started since, or whose clock was set back, finds it missing.
    const isUnrecorded = said.kind === 'missing' && world.forgetsTime();
    must(type !== 'drift.found' || isUnrecorded, () => `the bot found drift: ${payload}`);
  }

  /** Nobody has more than what they had before and what their grants give, and nobody less than they had before. */
  function lookAtTeam(live: ReadonlyMap<string, LiveGrant>, now: Instant, lastTrouble: Instant): void {
    const { team } = outside;
    /** By team and person. */
    const owed = new Map<string, string>();
    const isFrozen = frozenSince !== null && now > Math.max(frozenSince, lastTrouble) + GRACE;
    for (const { id, person, role, endsAt, state } of live.values())
      for (const [line, level] of seatsOf(role, world.isWide)) {
        const has = levelIn(team, line, person.slackId);
        // Past its end it may be gone, where a full disk keeps that from being recorded.
        must(
          state !== 'active' || now >= endsAt || world.forgetsTime() || rank(has) >= rank(level),
          () => `${id} gives ${level} of the team ${line}, and ${person.slackId} is ${has}`,
        );
        const key = `${line} ${person.slackId}`;
        const isOwed = !isFrozen && now <= Math.max(endsAt, lastTrouble) + GRACE;
        if (isOwed && rank(level) > rank(owed.get(key))) owed.set(key, level);
      }
    for (const { id, line, members } of team.places) {
      const before = teamBefore().places.find((place) => place.id === id)?.members ?? new Map<string, string>();
      for (const [who, level] of members) {
        const most = owed.get(`${line} ${who}`);
        must(
          rank(level) <= Math.max(rank(before.get(who)), rank(most)),
          () => `${who} is ${level} of the team ${id}, and owed ${most}`,
        );
      }
      for (const [who, level] of before)
        must(
          rank(members.get(who)) >= rank(level),
          () => `${who} was ${level} of the team ${id} before, and no longer is`,
        );
    }
  }

  /** What was said rests on what was heard before. */
  function hear(now: Instant): void {
    for (const said of outside.said) told.read(said);
    outside.said = [];
    for (const event of newEvents.all(seen)) lookAtEvent(event, now);
  }

  return {
    census: () => ({ ...censusOf(db), told: told.count() }),
    count: (type) => ofType.get(type) ?? 0,
    hear,
    look: (now, { target: lastTrouble, services, any }) => {
      hear(now);
      model.overdue(now, { any, services });
      const live = new Map(
        liveRows.all().map((body) => {
          const grant = JSON.parse(body) as LiveGrant;
          return [grant.id, grant] as const;
        }),
      );
      for (const { grantId } of outside.held.values())
        must(
          live.has(grantId),
          () => `the target holds ${grantId}, which is ${stateOf.get(grantId) ?? 'unknown'} in the ledger`,
        );
      lookAtTeam(live, now, lastTrouble);
      const holders = new Set<string>();
      for (const grant of live.values()) {
        const who = `${humanOf(grant.person.slackId)} ${grant.role}`;
        must(!holders.has(who), () => `${who} is live twice`);
        holders.add(who);
        must(endJob.get(grant.id) !== undefined, () => `${grant.id} is live, and its end is not due work`);
        const began = grant.state === 'provisioning' ? grant.intendedAt : (grant.activation?.at ?? grant.intendedAt);
        must(
          grant.endsAt <= began + grant.duration,
          () =>
            `${grant.id} ends ${Math.round((grant.endsAt - began - grant.duration) / MINUTE)} min later than was approved`,
        );
        const total = TOTALS[grant.role] ?? 0;
        must(
          grant.duration <= total,
          () => `${grant.id} lasts ${grant.duration / MINUTE} min, more than its role in all`,
        );
        const { incident } = grant.ties;
        if (incident && incident.resolvedAt !== null) {
          const first = resolvedSince.get(grant.id) ?? incident.resolvedAt;
          resolvedSince.set(grant.id, first);
          must(
            grant.endsAt <= first + incident.grace,
            () => `${grant.id} ends later than its incident's first end and grace`,
          );
        }
        must(
          (incident !== null && incident.resolvedAt !== null) || !resolvedSince.has(grant.id),
          () => `${grant.id} no longer knows that its incident was resolved`,
        );
        const limit = Math.max(grant.endsAt, lastTrouble) + GRACE;
        must(
          now <= limit || !outside.held.has(grant.id),
          () => `${grant.id} (${grant.state}) should have ended ${Math.round((now - grant.endsAt) / MINUTE)} min ago`,
        );
      }
      must(
        frozenSince === null || now <= Math.max(frozenSince, lastTrouble) + GRACE || outside.held.size === 0,
        () => `access is frozen, and ${[...outside.held.keys()].join(', ')} is held`,
      );
    },
    isAtRest: () => atRest.get() === undefined,
    lookAtTheEnd: () => {
      must(outside.held.size === 0, () => `left behind at the target: ${[...outside.held.keys()].join(', ')}`);
      must(liveRows.all().length === 0, () => 'a grant is live for ever');
      must(
        inTeams(outside.team) === inTeams({ ...outside.team, places: teamBefore().places }),
        () => `left behind in the team: ${inTeams(outside.team)}`,
      );
      must(db.prepare('SELECT 1 FROM seats').get() === undefined, () => 'seats are written down that nobody has');
      const open = db.prepare("SELECT id FROM requests WHERE state IN ('pending', 'scheduled')").pluck().all();
      must(open.length === 0, () => `requests that nobody will ever decide: ${open.join(', ')}`);
      const reader = openLedgerToRead(path);
      const result = verifyLedger(reader);
      reader.close();
      must(result.whole, () => `the ledger does not verify: ${result.whole ? '' : result.problem}`);
      lookAtAuditChannel(seen, outside);
      told.lookAtTheEnd(seen);
      lookForSecrets(db, outside);
      lookForCalls(outside);
      const left = db.prepare('SELECT DISTINCT kind FROM jobs').pluck().all() as string[];
      must(
        left.every((kind) => LASTING.includes(kind)),
        () => `work is left for ever: ${left.join(', ')}`,
      );
    },
    forget: told.forget,
    close: () => db.close(),
  };
}

/** Every event is there once: no gap, and none in two messages. */
function lookAtAuditChannel(newest: number, { workspace }: Outside): void {
  const shown: number[] = [];
  for (const { channel, metadata, app } of workspace.messages) {
    // What somebody else posts like it counts for nothing.
    if (channel !== 'C0AUDIT' || app === null || metadata?.event_type !== 'jitbot_audit') continue;
    const { from, to } = metadata.event_payload as { from: number; to: number };
    for (let seq = from; seq <= to; seq += 1) shown.push(seq);
  }
  // In a long run what is old was put away.
  const first = shown[0] ?? 1;
  const wrong = shown.findIndex((seq, index) => seq !== first + index);
  must(wrong < 0, () => `the audit channel shows event ${shown[wrong]} where ${first + wrong} belongs`);
  must(
    first + shown.length - 1 === newest,
    () => `the audit channel ends at event ${first + shown.length - 1} of ${newest}`,
  );
}

/** What was handed out once stands nowhere: no table, no message. */
function lookForSecrets(db: Database, { workspace, secrets }: Outside): void {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  const everything = JSON.stringify([
    tables.map((name) => db.prepare(`SELECT * FROM "${name}"`).all()),
    workspace.messages,
    [...workspace.homes.values()],
  ]);
  for (const secret of secrets) must(!everything.includes(secret), () => `a secret is written down: ${secret}`);
}

/** Nobody is called because of what somebody typed: where Slack reads formatting, `<!channel>` stands as text. */
function lookForCalls({ workspace }: Outside): void {
  const views = [...workspace.homes.values()];
  JSON.stringify([workspace.messages, views], (key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('text' in value)) return value;
    const isRead = key !== '' && (!('type' in value) || value.type === 'mrkdwn');
    must(
      !isRead || typeof value.text !== 'string' || !value.text.includes('<!channel'),
      () => 'a message calls a whole channel, because somebody typed so',
    );
    return value;
  });
}

/** What happened, without what is random in it, to compare two runs of a seed. */
export function storyOf(path: string): string {
  const reader = openLedgerToRead(path);
  const named = createNameReader(reader);
  const rows = reader.sqlite
    .prepare<[], { seq: number; at: number; type: string; actor: string; payload: string }>(
      'SELECT seq, at, type, actor, payload FROM events ORDER BY seq',
    )
    .all();
  const lines = rows.map(({ seq, at, type, actor, payload }) =>
    JSON.stringify([seq, at, type, named(JSON.parse(actor)), named(JSON.parse(payload))]),
  );
  reader.close();
  return lines.join('\n');
}
