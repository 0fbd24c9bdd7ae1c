/**
 * What OCSF 1.3.0 (https://schema.ocsf.io/1.3.0, Apache-2.0) says of the three classes that the bot writes, read from
 * the published schema and put down as JSON Schema. Attributes that the bot does not write are left out: whoever writes
 * a new one looks it up there first, and puts it in here.
 */

const text = { type: 'string', minLength: 1 } as const;
const whole = { type: 'integer' } as const;

/** An object that has these attributes and no others. */
const only = (properties: Record<string, object>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const oneOf = (...names: string[]) => ({ anyOf: names.map((name) => ({ required: [name] })) });

const user = { ...only({ name: text, uid: text }), ...oneOf('name', 'uid') };
const privileges = { type: 'array', items: text };
const resource = { ...only({ name: text, uid: text, type: text }), ...oneOf('name', 'uid') };
const policy = { ...only({ name: text, uid: text }), ...oneOf('name', 'uid') };
const entity = {
  ...only({ name: text, uid: text, type: text, type_id: { enum: [0, 1, 2, 3, 4, 5, 6, 99] }, data: {}, user, policy }),
  ...oneOf('name', 'uid', 'user', 'policy'),
};

/** Base Event and Identity & Access Management, with the profile that `actor` comes from. */
const everyClass = {
  metadata: only(
    {
      version: { const: '1.3.0' },
      product: only({ name: text, vendor_name: text }, ['vendor_name']),
      profiles: { type: 'array', items: text, contains: { const: 'host' } },
      uid: text,
      sequence: whole,
      event_code: text,
    },
    ['version', 'product', 'profiles'],
  ),
  time: whole,
  category_uid: { const: 3 },
  category_name: { const: 'Identity & Access Management' },
  severity_id: { enum: [0, 1, 2, 3, 4, 5, 6, 99] },
  severity: text,
  message: text,
  actor: { ...only({ user, app_name: text }), ...oneOf('user', 'app_name') },
  unmapped: { type: 'object' },
};

/** @param activities every activity of the class, by its number from 1 */
function eventClass(
  { uid, name }: { uid: number; name: string },
  activities: readonly string[],
  own: Record<string, object>,
  required: readonly string[],
) {
  const properties = { ...everyClass, class_uid: { const: uid }, class_name: { const: name }, ...own };
  return {
    ...only({ ...properties, activity_id: whole, activity_name: text, type_uid: whole, type_name: text }, [
      'metadata',
      'time',
      'category_uid',
      'class_uid',
      'activity_id',
      'type_uid',
      'severity_id',
      ...required,
    ]),
    oneOf: activities.map((activity, index) => ({
      properties: {
        activity_id: { const: index + 1 },
        activity_name: { const: activity },
        type_uid: { const: uid * 100 + index + 1 },
        type_name: { const: `${name}: ${activity}` },
      },
    })),
  };
}

export const OCSF_CLASSES: ReadonlyMap<number, object> = new Map([
  [
    3001,
    eventClass(
      { uid: 3001, name: 'Account Change' },
      [
        'Create',
        'Enable',
        'Password Change',
        'Password Reset',
        'Disable',
        'Delete',
        'Attach Policy',
        'Detach Policy',
        'Lock',
        'MFA Factor Enable',
        'MFA Factor Disable',
      ],
      { user },
      ['user'],
    ),
  ],
  [
    3004,
    eventClass(
      { uid: 3004, name: 'Entity Management' },
      [
        'Create',
        'Read',
        'Update',
        'Delete',
        'Move',
        'Enroll',
        'Unenroll',
        'Enable',
        'Disable',
        'Activate',
        'Deactivate',
        'Suspend',
        'Resume',
      ],
      { entity, comment: text },
      ['entity'],
    ),
  ],
  [
    3005,
    eventClass(
      { uid: 3005, name: 'User Access Management' },
      ['Assign Privileges', 'Revoke Privileges'],
      { user, resource, privileges },
      ['user', 'privileges'],
    ),
  ],
]);
