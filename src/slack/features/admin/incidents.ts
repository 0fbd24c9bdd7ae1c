import type { Deps } from '../../../lifecycle/deps.ts';

/** Maximum number of requests to search for incidents. */
const MOST_LOOKED_AT = 200;

interface InUse {
  readonly id: string;
  /** null: PagerDuty did not say. */
  readonly number: number | null;
}

/** Incidents that active access or an open request names. */
export async function incidentsInUse({ store }: Pick<Deps, 'store'>): Promise<readonly InUse[]> {
  const [grants, open] = await Promise.all([store.liveGrants({}), store.openRequests({})]);
  const newest = grants.slice(-MOST_LOOKED_AT).map(({ value }) => store.request(value.requestId));
  const requests = [...open, ...(await Promise.all(newest)).flatMap((request) => request ?? [])];
  const named = requests.flatMap(({ value: { incidentId, decision } }) =>
    incidentId === null
      ? []
      : [{ id: incidentId, number: 'proof' in decision ? (decision.proof.incident?.number ?? null) : null }],
  );
  const tied = grants.flatMap(({ value }) => value.ties.incident ?? []);
  return [...new Map([...named, ...tied].map(({ id, number }) => [id, { id, number }])).values()];
}

export const incidentLabel = ({ id, number }: InUse): string => (number === null ? id : `#${number} (${id})`);
