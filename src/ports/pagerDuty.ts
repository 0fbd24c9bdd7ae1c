/** What PagerDuty answers, and what the bot writes there. */

import type { OnCallEntry } from '../domain/evidence.ts';
import type { Incident } from '../domain/incident.ts';
import type { PagerDutyId } from '../domain/pagerDutyIds.ts';
import type { Person } from '../domain/person.ts';
import type { Instant, Known } from '../domain/terms.ts';
import type { Purpose } from './evidence.ts';

/** Who is on call at one level. */
export interface AtLevel {
  /** Their e-mail addresses at PagerDuty, in lower case. */
  readonly addresses: readonly string[];
  /** Why other people on call are missing from the list; null if it is complete. */
  readonly unread: string | null;
}

/** What PagerDuty says. */
export interface OnCall {
  /**
   * @param about.at a future time; now by default
   * @param about.overrides whether to ask also which shifts are overrides
   */
  entries(
    person: Person,
    purpose: Purpose,
    about?: { readonly at?: Instant; readonly overrides?: boolean },
  ): Promise<Known<readonly OnCallEntry[]>>;
  /** Who is on call now for an escalation policy at a level. */
  onCallFor(escalationPolicy: string, level: number): Promise<Known<AtLevel>>;
  /** Whether PagerDuty has a user with this e-mail address. Always asked afresh. */
  knows(person: Person): Promise<Known<boolean>>;
  incident(id: string, purpose: Purpose): Promise<Known<Incident>>;
  /** The display name of a thing. No decision may rest on it. */
  nameOf(kind: PagerDutyId['kind'], id: string): Promise<Known<string>>;
  /** Whether the credential is accepted at all. */
  check(): Promise<Known<true>>;
  /** The person's own incidents that are not resolved. */
  openIncidents(person: Person): Promise<Known<readonly Incident[]>>;
}

/** What the bot writes to PagerDuty. Every method throws if it cannot. */
export interface IncidentDesk {
  /** Whether it is configured to write. */
  readonly canWrite: boolean;
  /** Adds a note, once per marker, which is part of the text. */
  note(incidentId: string, text: string, marker: string): Promise<void>;
  /** Opens an incident on a service, once per key, so that somebody is woken. */
  page(page: { service: string; title: string; details: string; key: string }): Promise<void>;
  /** Resolves the incident that was opened with this key; does nothing if none is open. */
  resolve(key: string): Promise<void>;
}
