/** Slack takes an app's manifest whole or not at all: one key that it does not know, and the app cannot be made. */

import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const isManifest = new Ajv({ allErrors: true, strict: false, formats: { uri: true } }).compile(
  JSON.parse(read('slackManifest.json')),
);
const manifest = parse(read('../../manifest.yml'));

test('Slack’s published schema accepts the manifest', () => {
  isManifest(manifest);
  expect(isManifest.errors ?? []).toEqual([]);
});

test.each<[string, object]>([
  ['a setting that there is not', { settings: { ...manifest.settings, socket_mode: true } }],
  ['a command without a description', { features: { ...manifest.features, slash_commands: [{ command: '/jit' }] } }],
  [
    'a shortcut of no kind',
    { features: { ...manifest.features, shortcuts: [{ ...manifest.features.shortcuts[0], type: 'any' }] } },
  ],
])('Slack’s published schema refuses a manifest with %s', (_name, change) => {
  expect(isManifest({ ...manifest, ...change })).toBe(false);
});
