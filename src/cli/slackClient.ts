import type { WebClient } from '@slack/web-api';
import { ConfigError } from '../config/configError.ts';
import type { Log } from '../ports/host.ts';
import { createClients } from '../slack/link/clients.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';

/** @param option what asks for it @throws ConfigError where there is no token */
export function slackClient(option: string, log: Log): WebClient {
  const token = process.env.SLACK_BOT_TOKEN;
  if (!token) throw new ConfigError(PROBLEMS.needsToken(option));
  return createClients({ token, apiUrl: process.env.SLACK_API_URL ?? 'https://slack.com/api/', log }).background;
}

/** What goes wrong is told to whoever typed the command. */
export const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
