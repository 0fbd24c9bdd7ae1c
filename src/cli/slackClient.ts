import type { WebClient } from '@slack/web-api';
import { ConfigError } from '../config/configError.ts';
import { readSecretFiles } from '../config/variables.ts';
import type { Log } from '../ports/host.ts';
import { createClients } from '../slack/link/clients.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';

/** @param option the option that needs it, for the error @throws ConfigError if there is no token */
export function slackClient(option: string, log: Log): WebClient {
  readSecretFiles(process.env, ['SLACK_BOT_TOKEN']);
  const token = process.env.SLACK_BOT_TOKEN;
  if (!token) throw new ConfigError(PROBLEMS.needsToken(option));
  return createClients({ token, apiUrl: process.env.SLACK_API_URL ?? 'https://slack.com/api/', log }).background;
}

/** A log for commands, which report errors themselves. */
export const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
