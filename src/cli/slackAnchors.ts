import { ConfigError } from '../config/env.ts';
import type { Anchor } from '../ledger/verify.ts';
import { AUDIT_METADATA } from '../slack/audit/lines.ts';
import { slackProblem } from '../slack/clients.ts';
import { readPolicy } from './options.ts';
import { QUIET, slackClient } from './slackClient.ts';

/** Messages asked for at a time, and read at most: the audit channel is posted to in batches. */
const PAGE = 200;
const MOST_MESSAGES = 20_000;

/** Every position of this ledger that the audit channel shows. */
export async function anchorsFromSlack(genesis: string): Promise<{ anchors: Anchor[] } | { problem: string }> {
  const { SLACK_BOT_TOKEN: token, JIT_POLICY: policyPath } = process.env;
  if (!token || !policyPath)
    throw new ConfigError(
      '--from-slack needs SLACK_BOT_TOKEN, and JIT_POLICY for the audit channel, in the environment',
    );
  const { auditChannel: channel } = readPolicy(policyPath).policy;
  const client = slackClient('--from-slack', QUIET);
  const anchors: Anchor[] = [];
  let others = 0;
  let latest: string | undefined;
  try {
    for (let read = 0; read < MOST_MESSAGES; read += PAGE) {
      const page = await client.conversations.history({
        channel,
        limit: PAGE,
        include_all_metadata: true,
        ...(latest !== undefined && { latest }),
      });
      for (const { metadata } of page.messages ?? []) {
        const { ledger, to: seq, hash } = (metadata?.event_payload ?? {}) as Record<string, unknown>;
        if (metadata?.event_type !== AUDIT_METADATA || typeof seq !== 'number' || typeof hash !== 'string') continue;
        if (ledger === genesis) anchors.push({ seq, hash, where: 'the audit channel' });
        else others += 1;
      }
      latest = page.messages?.at(-1)?.ts;
      if (!page.has_more || latest === undefined) break;
    }
  } catch (error) {
    throw new ConfigError(`the audit channel ${channel} cannot be read: ${slackProblem(error)}`, { cause: error });
  }
  if (anchors.length === 0 && others > 0) return { problem: 'the audit channel knows other ledgers only' };
  return { anchors };
}
