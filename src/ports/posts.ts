/** The Slack messages that the bot keeps up to date, and the position of each reader of the ledger. */

/** A Slack message that is kept up to date. */
export interface Post {
  readonly channel: string;
  readonly ts: string;
  /** SHA-256 of what the message shows. */
  readonly digest: string;
}

/** What delivery remembers across restarts: where Slack messages were posted, and the position of the audit channel. */
export interface PostBook {
  find(key: string): Promise<Post | null>;
  /** Keys with this beginning, in order. */
  keysOf(beginning: string): Promise<readonly string[]>;
  keep(key: string, post: Post): Promise<void>;
  cursor(name: string): Promise<number>;
  moveCursor(name: string, seq: number): Promise<void>;
}
