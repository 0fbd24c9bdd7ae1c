import type { LedgerEvent } from '../domain/events.ts';

/** An event as it is sent: whole, or without its payload. */
export type Sent = LedgerEvent | ShortenedEvent;

type ShortenedEvent = Pick<
  LedgerEvent,
  'seq' | 'at' | 'type' | 'actor' | 'requestId' | 'grantId' | 'prevHash' | 'hash'
> & { readonly payload: { readonly left_out: string } };

/** A receiver takes other events, but never this one as it is. */
export class NotTaken extends Error {}

/** Somewhere that events go to. */
export interface Receiver {
  /** @throws NotTaken where trying the same again is no use; anything else where the event was not taken now */
  send(event: Sent): Promise<void>;
  /** After the last event of a batch, or a failure. */
  close(): Promise<void>;
}
