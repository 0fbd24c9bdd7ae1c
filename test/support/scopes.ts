/** What the app asks Slack for: the manifest says the same, and its test that it does. */
export const BOT_SCOPES = [
  'channels:history',
  'chat:write',
  'commands',
  'dnd:read',
  'files:write',
  'groups:history',
  'im:history',
  'im:write',
  'usergroups:read',
  'users:read',
  'users:read.email',
];
