import type { Caller, Workspace } from '../workspace.ts';
import type { Args, Reader } from './arguments.ts';
import type { Triggers } from './triggers.ts';

export interface Method {
  /** Any one of these scopes will do; empty: none needed. */
  readonly scopes: readonly string[];
  /** Calls a minute. https://docs.slack.dev/apis/web-api/rate-limits */
  readonly perMinute: number;
  /** @param caller whom the token stands for; what a method says about who acts comes from it, never from arguments */
  readonly call: (args: Args, caller: Caller) => Record<string, unknown>;
}

/** What methods work with. */
export interface Desk {
  readonly workspace: Workspace;
  readonly triggers: Triggers;
  readonly read: Reader;
  /** `http://127.0.0.1:PORT` */
  readonly baseUrl: () => string;
  readonly socketUrl: () => string;
}

export type Methods = (desk: Desk) => Readonly<Record<string, Method>>;

export const TIER_2 = 20;
export const TIER_3 = 50;
export const TIER_4 = 100;
/** Special: one a second per channel, see rate limits in server.ts. */
export const POSTING = 600;
