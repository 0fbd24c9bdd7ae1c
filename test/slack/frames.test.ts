/** What comes over a socket of Slack's is taken only where all is there that the library reads without asking. */

import { expect, test } from 'vitest';
import { isWholeFrame } from '../../src/slack/link/frames.ts';

const event = (type: string) => ({ type: 'events_api', envelope_id: 'e1', payload: { event: { type } } });

test.each<[string, object, boolean]>([
  ['a greeting', { type: 'hello', num_connections: 1 }, true],
  ['a goodbye', { type: 'disconnect', reason: 'refresh_requested' }, true],
  ['an event', event('app_home_opened'), true],
  ['a click', { type: 'interactive', envelope_id: 'e1', payload: {} }, true],
  ['a command', { type: 'slash_commands', envelope_id: 'e1', payload: {} }, true],
  ['a click without anything in it', { type: 'interactive', envelope_id: 'e1' }, false],
  ['a command without its number', { type: 'slash_commands', payload: {} }, false],
  ['a command with an empty number', { type: 'slash_commands', envelope_id: '', payload: {} }, false],
  ['an event that is not named', { type: 'events_api', envelope_id: 'e1', payload: { event: {} } }, false],
  // The library would take it for its own, and close the connection or end the process.
  ['an event that is called like one of the library’s', event('disconnected'), false],
  ['an event that is called like an error', event('error'), false],
  ['something else', { type: 'goodbye' }, false],
])('%s is whole: %#', (_name, frame, isWhole) => {
  expect(isWholeFrame(JSON.stringify(frame))).toBe(isWhole);
});

test.each([['{'], ['[]'], [Buffer.from('{"type":"hello"}')], [undefined]])('%j is no frame', (data) => {
  expect(isWholeFrame(data)).toBe(false);
});
