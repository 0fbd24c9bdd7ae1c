import { isLoud, type LedgerEvent, subjectOf } from '../domain/events.ts';

/**
 * An event for SIEMs, as the Open Cybersecurity Schema Framework has it: https://schema.ocsf.io/1.3.0. Access that
 * begins or ends is "User Access Management" (3005); everything else is "Entity Management" (3004). What the schema
 * has no place for is kept whole under `unmapped`.
 */
const VERSION = '1.3.0';
const IAM_CATEGORY = 3;
const ACCESS = { uid: 3005, name: 'User Access Management' };
const ENTITY = { uid: 3004, name: 'Entity Management' };

export function toOcsf(event: LedgerEvent, message: string) {
  const { cls, activity, activityName } = classify(event.type);
  const { role } = event.payload as { role?: string };
  const subject = subjectOf(event);
  return {
    metadata: {
      version: VERSION,
      product: { name: 'jitbot', vendor_name: 'jitbot' },
      uid: event.hash,
      sequence: event.seq,
      event_code: event.type,
    },
    time: event.at,
    category_uid: IAM_CATEGORY,
    category_name: 'Identity & Access Management',
    class_uid: cls.uid,
    class_name: cls.name,
    activity_id: activity,
    activity_name: activityName,
    type_uid: cls.uid * 100 + activity,
    severity_id: isLoud(event.type) ? 4 : 1,
    severity: isLoud(event.type) ? 'High' : 'Informational',
    message,
    actor:
      event.actor.kind === 'person'
        ? { user: { name: event.actor.name, uid: event.actor.id } }
        : { app_name: 'jitbot' },
    ...(subject && { user: { name: subject.name, uid: subject.slackId } }),
    ...(role !== undefined && { resource: { name: role.split('/')[0], uid: role }, privileges: [role] }),
    ...(cls === ENTITY && {
      entity: { name: event.requestId ?? event.grantId ?? event.type, type: event.type.split('.')[0] },
    }),
    unmapped: { request: event.requestId, grant: event.grantId, prev_hash: event.prevHash, payload: event.payload },
  };
}

function classify(type: LedgerEvent['type']) {
  if (type === 'grant.activated' || type === 'grant.extended')
    return { cls: ACCESS, activity: 1, activityName: 'Assign Privileges' };
  if (type === 'grant.ended') return { cls: ACCESS, activity: 2, activityName: 'Revoke Privileges' };
  if (type === 'request.submitted' || type === 'break_glass.invoked')
    return { cls: ENTITY, activity: 1, activityName: 'Create' };
  return { cls: ENTITY, activity: 3, activityName: 'Update' };
}
