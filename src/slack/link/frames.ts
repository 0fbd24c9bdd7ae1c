/** Frames of Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode */

import { z } from 'zod';
import { readObject } from '../../http/json.ts';

/** The library's own events: a delivery with one of these names would be mistaken for it. */
const RESERVED = new Set([
  'authenticated',
  'close',
  'connected',
  'connecting',
  'disconnected',
  'disconnecting',
  'error',
  'outgoing_message',
  'reconnecting',
  'slack_event',
  'unable_to_socket_mode_start',
  'ws_message',
]);

const payload = z.looseObject({});
const envelope = { envelope_id: z.string().min(1) };
const frameSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('hello') }),
  z.looseObject({ type: z.literal('disconnect') }),
  z.looseObject({
    type: z.literal('events_api'),
    ...envelope,
    payload: z.looseObject({ event: z.looseObject({ type: z.string().refine((name) => !RESERVED.has(name)) }) }),
  }),
  z.looseObject({ type: z.literal('interactive'), ...envelope, payload }),
  z.looseObject({ type: z.literal('slash_commands'), ...envelope, payload }),
]);

/** Whether a frame is valid, with every field that the library reads without checking. */
export function isWholeFrame(data: unknown): data is string {
  return typeof data === 'string' && frameSchema.safeParse(readObject(data)).success;
}
