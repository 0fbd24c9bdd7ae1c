import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** A request whose body has arrived in full. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How to recognize and handle the deliveries of one sender. All are POST requests. */
export interface Route {
  /** Why a request cannot be from this sender, by its headers, or null to read on. Called before the body is read. */
  readonly refuses: (headers: IncomingHttpHeaders) => string | null;
  readonly isSigned: (delivery: Delivery) => boolean;
  /** Called only with signed deliveries. A rejection is answered with 500, so that the sender retries. */
  readonly take: (delivery: Delivery, response: ServerResponse) => Promise<void>;
  /** The query of the sender's connection check: `ssl_check=1`. */
  readonly probe?: string;
}
