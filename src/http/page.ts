import type { IncomingHttpHeaders } from 'node:http';

/** What a page shows when it is asked for. */
export interface Shown {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Something that is read with GET, by whoever watches over the bot. It changes nothing. */
export interface Page {
  /** Why this asker may not see it, by the headers alone. null: they may. Absent: everybody may. */
  readonly refuses?: (headers: IncomingHttpHeaders) => string | null;
  readonly show: () => Promise<Shown>;
}
