import type { Ref } from './terms.ts';

export const INCIDENT_STATUSES = ['triggered', 'acknowledged', 'resolved'] as const;

export type IncidentStatus = (typeof INCIDENT_STATUSES)[number];

export const URGENCIES = ['high', 'low'] as const;

export type Urgency = (typeof URGENCIES)[number];

export interface Incident {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly status: IncidentStatus;
  readonly urgency: Urgency;
  /** As PagerDuty names it, for example `P1`. null if none was set. */
  readonly priority: string | null;
  readonly service: Ref;
  readonly url: string;
}
