/**
 * An event for SIEMs, in the Open Cybersecurity Schema Framework: https://schema.ocsf.io/1.3.0. Each class allows only
 * its own attributes, so the rest is kept under `unmapped`.
 */

import { type EventType, isLoud, type LedgerEvent, subjectOf } from '../domain/events.ts';
import type { Named } from '../domain/person.ts';
import type { RoleKey } from '../domain/terms.ts';

const VERSION = '1.3.0';
const PRODUCT = { name: 'jitbot', vendor_name: 'jitbot' };
/** The profile that adds `actor` to events of this category. */
const PROFILES = ['host'];
const CATEGORY = { category_uid: 3, category_name: 'Identity & Access Management' };
const ACCOUNT = { uid: 3001, name: 'Account Change' };
const ENTITY = { uid: 3004, name: 'Entity Management' };
const ACCESS = { uid: 3005, name: 'User Access Management' };
/** Types of entities in the schema, and the one for all others. */
const POLICY_ENTITY = 5;
const OTHER_ENTITY = 99;

interface Activity {
  readonly id: number;
  readonly name: string;
}

/** For access that begins, is extended or ends. Requires a person and their privileges. */
const ACCESS_ACTIVITIES: Partial<Record<EventType, Activity>> = {
  'grant.activated': { id: 1, name: 'Assign Privileges' },
  'grant.extended': { id: 1, name: 'Assign Privileges' },
  'grant.ended': { id: 2, name: 'Revoke Privileges' },
  'grant.declared_gone': { id: 2, name: 'Revoke Privileges' },
};

/** For changes to a person's one-time codes. Requires a person. */
const ACCOUNT_ACTIVITIES: Partial<Record<EventType, Activity>> = {
  'second_factor.enrolled': { id: 10, name: 'MFA Factor Enable' },
  'second_factor.reset': { id: 11, name: 'MFA Factor Disable' },
  'second_factor.locked': { id: 9, name: 'Lock' },
};

/** For everything else: a request, a grant, a policy, … */
const ENTITY_ACTIVITIES: Partial<Record<EventType, Activity>> = {
  'request.submitted': { id: 1, name: 'Create' },
  'break_glass.invoked': { id: 1, name: 'Create' },
  'delegation.set': { id: 1, name: 'Create' },
  'delegation.ended': { id: 4, name: 'Delete' },
  'names.erased': { id: 4, name: 'Delete' },
  'access.frozen': { id: 12, name: 'Suspend' },
  'access.unfrozen': { id: 13, name: 'Resume' },
  'bot.started': { id: 10, name: 'Activate' },
  'bot.stopped': { id: 11, name: 'Deactivate' },
};
const UPDATE: Activity = { id: 3, name: 'Update' };

/** @param message the event as a sentence */
export function toOcsf(event: LedgerEvent, message: string) {
  const { cls, activity, about } = classified(event);
  return {
    metadata: {
      version: VERSION,
      product: PRODUCT,
      profiles: PROFILES,
      uid: event.hash,
      sequence: event.seq,
      event_code: event.type,
    },
    time: event.at,
    ...CATEGORY,
    class_uid: cls.uid,
    class_name: cls.name,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: cls.uid * 100 + activity.id,
    type_name: `${cls.name}: ${activity.name}`,
    severity_id: isLoud(event.type) ? 4 : 1,
    severity: isLoud(event.type) ? 'High' : 'Informational',
    message,
    actor:
      event.actor.kind === 'person'
        ? { user: { name: event.actor.name, uid: event.actor.id } }
        : { app_name: PRODUCT.name },
    ...about,
    unmapped: { request: event.requestId, grant: event.grantId, prev_hash: event.prevHash, payload: event.payload },
  };
}

/**
 * A class is used only if all its required attributes are there: an event that was changed in the database may lack
 * some.
 */
function classified(event: LedgerEvent) {
  const { type, payload } = event;
  const subject = subjectOf(event);
  const user = subject && userOf(subject);
  const role = 'role' in payload && typeof payload.role === 'string' ? payload.role : null;
  const access = ACCESS_ACTIVITIES[type];
  if (access && user && role) return { cls: ACCESS, activity: access, about: { user, ...roleOf(role) } };
  const account = ACCOUNT_ACTIVITIES[type];
  if (account && user) return { cls: ACCOUNT, activity: account, about: { user } };
  const comment = commentOf(event);
  const entity = { ...entityOf(event), ...(user && { user }), ...(role && { data: roleOf(role) }) };
  return { cls: ENTITY, activity: ENTITY_ACTIVITIES[type] ?? UPDATE, about: { entity, ...(comment && { comment }) } };
}

const userOf = ({ name, slackId }: Named) => ({ name, uid: slackId });

const roleOf = (role: RoleKey) => ({
  resource: { name: role.split('/')[0], uid: role, type: 'role' },
  privileges: [role],
});

function entityOf(event: LedgerEvent) {
  if (event.type === 'policy.loaded') {
    const { hash } = event.payload;
    return { name: 'policy', type: 'Policy', type_id: POLICY_ENTITY, policy: { name: 'policy', uid: hash } };
  }
  const id = event.requestId ?? event.grantId;
  return {
    name: id ?? event.type,
    ...(id !== null && { uid: id }),
    type: event.type.split('.')[0],
    type_id: OTHER_ENTITY,
  };
}

/** What somebody typed about the event. */
function commentOf({ payload }: LedgerEvent): string {
  if ('comment' in payload) return payload.comment;
  return 'reason' in payload ? payload.reason : '';
}
