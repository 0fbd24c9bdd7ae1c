import type { IncomingHttpHeaders } from 'node:http';

/** The content of a page. */
export interface Shown {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** A page for monitoring, read with GET. It changes nothing. */
export interface Page {
  /** Why a request may not see the page, by its headers, or null if it may. Without this, everybody may. */
  readonly refuses?: (headers: IncomingHttpHeaders) => string | null;
  readonly show: () => Promise<Shown>;
}
