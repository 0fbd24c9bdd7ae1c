/**
 * The two parts of Bolt that the bot uses. Its index also loads receivers for Express and AWS Lambda, which are a third of
 * what it costs to load.
 */
import { createRequire } from 'node:module';

type Bolt = typeof import('@slack/bolt');

const require = createRequire(import.meta.url);

export const { default: App } = require('@slack/bolt/dist/App.js') as { readonly default: Bolt['App'] };
export const { default: SocketModeReceiver } = require('@slack/bolt/dist/receivers/SocketModeReceiver.js') as {
  readonly default: Bolt['SocketModeReceiver'];
};
