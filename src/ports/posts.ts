/** The Slack messages that the bot keeps up to date, and how far each reader of the ledger has got. */

/** A Slack message that is kept up to date. */
export interface Post {
  readonly channel: string;
  readonly ts: string;
  /** SHA-256 of what the message shows. */
  readonly digest: string;
}

/** Where Slack messages went, and how far the audit channel has got: what delivery remembers across restarts. */
export interface PostBook {
  find(key: string): Promise<Post | null>;
  /** Keys that begin so, in order. */
  keysOf(beginning: string): Promise<readonly string[]>;
  keep(key: string, post: Post): Promise<void>;
  cursor(name: string): Promise<number>;
  moveCursor(name: string, seq: number): Promise<void>;
}
