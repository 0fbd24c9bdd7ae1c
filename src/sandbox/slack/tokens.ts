import { SlackRefusal } from './methods/refusal.ts';
import type { Caller, Workspace } from './workspace.ts';

interface TokenOptions {
  readonly tokens: { readonly bot: string; readonly app: string };
  /** What the bot's token may do. */
  readonly scopes: readonly string[];
}

export type Tokens = ReturnType<typeof createTokens>;

/** Who calls, by their token. */
export function createTokens(workspace: Workspace, options: TokenOptions) {
  let revoked = false;
  /** Tokens of others. */
  const others = new Map<string, Caller>();

  /** Whom the token stands for, where it may do this. */
  function callerOf(scopes: readonly string[], authorization: string | undefined): Caller {
    const token = authorization?.replace(/^Bearer /, '');
    if (!token) throw new SlackRefusal('not_authed');
    const other = others.get(token);
    if (!other) checkToken(scopes, token);
    else if (scopes.includes('connections:write')) throw new SlackRefusal('not_allowed_token_type');
    return other ?? workspace.bot;
  }

  function checkToken(scopes: readonly string[], token: string): void {
    if (revoked) throw new SlackRefusal('token_revoked');
    if (token !== options.tokens.bot && token !== options.tokens.app) throw new SlackRefusal('invalid_auth');
    const wantsAppToken = scopes.includes('connections:write');
    if (wantsAppToken !== (token === options.tokens.app)) throw new SlackRefusal('not_allowed_token_type');
    if (wantsAppToken || scopes.length === 0) return;
    if (!scopes.some((scope) => options.scopes.includes(scope))) {
      throw new SlackRefusal('missing_scope', { needed: scopes.join(','), provided: options.scopes.join(',') });
    }
  }

  function issue(kind: 'xoxb' | 'xoxp', caller: Caller): string {
    const token = `${kind}-${workspace.newId('t')}`;
    others.set(token, caller);
    return token;
  }

  return {
    callerOf,
    issue,
    /** What the token may do; null: it is none of the bot's. */
    scopesOf: (authorization: string | undefined): readonly string[] | null => {
      const token = authorization?.replace(/^Bearer /, '');
      if (token === options.tokens.bot) return options.scopes;
      return token === options.tokens.app ? ['connections:write'] : null;
    },
    /** Whether Slack refuses both tokens of the bot from now on. */
    revoke: (isRevoked: boolean): void => {
      revoked = isRevoked;
    },
  };
}
