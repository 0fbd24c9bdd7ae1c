/** What Slack's manifest format asks for, as far as it is not a matter of taste. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BOT_SCOPES } from './support/scopes.ts';

const manifest = parse(readFileSync(new URL('../manifest.yml', import.meta.url), 'utf8'));

test('names and descriptions are within their limits', () => {
  expect(manifest.display_information.name.length).toBeLessThanOrEqual(35);
  expect(manifest.display_information.description.length).toBeLessThanOrEqual(140);
  expect(manifest.display_information.long_description.length).toBeGreaterThanOrEqual(174);
  expect(manifest.features.bot_user.display_name.length).toBeLessThanOrEqual(80);
});

test('the app works over Socket Mode and takes clicks', () => {
  expect(manifest.settings).toMatchObject({ socket_mode_enabled: true, interactivity: { is_enabled: true } });
  expect(manifest.features.slash_commands).toMatchObject([{ command: '/jit' }]);
});

test('it asks for the scopes that the bot uses, and for no other', () => {
  expect(manifest.oauth_config.scopes).toEqual({ bot: BOT_SCOPES });
});
