import type { LedgerEvent } from '../domain/events.ts';

/** An event to send, whole or without its payload. */
export type Sent = LedgerEvent | ShortenedEvent;

type ShortenedEvent = Pick<
  LedgerEvent,
  'seq' | 'at' | 'type' | 'actor' | 'requestId' | 'grantId' | 'prevHash' | 'hash'
> & { readonly payload: { readonly left_out: string } };

/** The receiver accepts other events, but will never accept this one. */
export class NotTaken extends Error {}

/** A destination of events. */
export interface Receiver {
  /** @throws NotTaken if a retry is useless, and another error if the event was not accepted now */
  send(event: Sent): Promise<void>;
  /** Called after the last event of a batch, or after a failure. */
  close(): Promise<void>;
}
