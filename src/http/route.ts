import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** A request whose body has arrived in full. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What one sender's deliveries are known by, and what is done with them. All of them are POST requests. */
export interface Route {
  /** Why it cannot be one of theirs, by its headers alone: asked before any of its body is read. null: read on. */
  readonly refuses: (headers: IncomingHttpHeaders) => string | null;
  readonly isSigned: (delivery: Delivery) => boolean;
  /** Only ever called with what is signed. A rejection answers 500, so that the sender sends it again. */
  readonly take: (delivery: Delivery, response: ServerResponse) => Promise<void>;
  /** A query with which the sender only tries whether somebody listens: `ssl_check=1`. */
  readonly probe?: string;
}
