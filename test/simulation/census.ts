import type { Database } from 'better-sqlite3';

/** What happened in a world, counted: nothing is proved by a world in which nothing happens. */
export interface Census {
  grants: number;
  approvals: number;
  standIns: number;
  extensions: number;
  verdicts: number;
  scheduledStarts: number;
  endsByShift: number;
  endsByIncident: number;
  freezesLifted: number;
  /** While requests waited. */
  reloads: number;
  /** Access that was taken away at its target while nothing could be written. */
  revocationsOnFullDisk: number;
  /** The same while another program held the database. */
  revocationsWhileHeld: number;
  /** What PagerDuty told the bot by itself, and the bot took. */
  webhooks: number;
  /** Teams and people that have another name at the target since. */
  renames: number;
  /** Grants in worlds in which the clocks are changed. */
  acrossClockChange: number;
  /** What people had to be told, and were. */
  told: number;
  seedsWithoutGrant: number;
}

export const NO_CENSUS: Census = {
  grants: 0,
  approvals: 0,
  standIns: 0,
  extensions: 0,
  verdicts: 0,
  scheduledStarts: 0,
  endsByShift: 0,
  endsByIncident: 0,
  freezesLifted: 0,
  reloads: 0,
  revocationsOnFullDisk: 0,
  revocationsWhileHeld: 0,
  webhooks: 0,
  renames: 0,
  acrossClockChange: 0,
  told: 0,
  seedsWithoutGrant: 0,
};

/** What the ledger tells of it; what no event says is added by the world. */
export function censusOf(db: Database): Census {
  const count = (where: string): number =>
    db.prepare<[], number>(`SELECT count(*) FROM events WHERE ${where}`).pluck().get() ?? 0;
  const said = (field: string) => `json_extract(payload, '$.${field}')`;
  const grants = count("type = 'grant.activated'");
  return {
    ...NO_CENSUS,
    grants,
    approvals: count(`type = 'review.recorded' AND ${said('verdict')} = 'approve'`),
    standIns: count(`type = 'review.recorded' AND ${said('onBehalfOf')} IS NOT NULL`),
    extensions: count("type = 'grant.extended'"),
    verdicts: count("type = 'break_glass.reviewed'"),
    scheduledStarts: count(
      `type = 'grant.provisioning' AND request_id IN
        (SELECT request_id FROM events WHERE type = 'request.submitted' AND ${said('startsAt')} IS NOT NULL)`,
    ),
    endsByShift: count(`type = 'grant.ended' AND ${said('why')} = 'shift_ended'`),
    endsByIncident: count(`type = 'grant.ended' AND ${said('why')} = 'incident_resolved'`),
    freezesLifted: count("type = 'access.unfrozen'"),
    seedsWithoutGrant: grants === 0 ? 1 : 0,
  };
}

export function addCensus(a: Census, b: Census): Census {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof Census)[]) sum[key] += b[key];
  return sum;
}
