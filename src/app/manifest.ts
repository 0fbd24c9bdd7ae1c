/** The Slack app's manifest, `manifest.yml`, which also defines its scopes. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The library is loaded here: whoever only starts needs nothing of the manifest. */
function read() {
  const { parseDocument } = require('yaml') as typeof import('yaml');
  return parseDocument(readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8'));
}

/** The bot token scopes that the app requests. */
export const neededScopes = (): readonly string[] =>
  (read().toJS() as { oauth_config: { scopes: { bot: string[] } } }).oauth_config.scopes.bot;

/** @param httpUrl where Slack reaches the bot, without a path; null for Socket Mode */
export function appManifest(httpUrl: string | null): string {
  const manifest = read();
  if (httpUrl === null) return String(manifest);
  const address = `${httpUrl.replace(/\/+$/, '')}/slack/events`;
  manifest.setIn(['features', 'slash_commands', 0, 'url'], address);
  manifest.setIn(['settings', 'event_subscriptions', 'request_url'], address);
  manifest.setIn(['settings', 'interactivity', 'request_url'], address);
  manifest.setIn(['settings', 'socket_mode_enabled'], false);
  return String(manifest);
}
