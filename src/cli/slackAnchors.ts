import { ConfigError } from '../config/configError.ts';
import { readSecretFiles } from '../config/variables.ts';
import type { SlackIdentity } from '../domain/records.ts';
import type { Anchor } from '../ledger/history/verify.ts';
import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import type { OpenLedger } from '../ledger/sqlite/open.ts';
import { originOf } from '../ledger/sqlite/origin.ts';
import { createPostBook } from '../ledger/sqlite/postBook.ts';
import { createStore } from '../ledger/sqlite/store.ts';
import { CURSORS } from '../ports/keys.ts';
import { slackProblem } from '../slack/link/clients.ts';
import { positionIn } from '../slack/outbox/auditAnchors.ts';
import { AUDIT_METADATA } from '../slack/outbox/auditMessage.ts';
import { createChannelReader } from '../slack/outbox/channelReader.ts';
import { askIdentity, explainedIdentities, ownMessages } from '../slack/outbox/identity.ts';
import { PROBLEMS, WHERE } from '../wording/terminal/problems.ts';
import { readPolicy } from './readPolicy.ts';
import { QUIET, slackClient } from './slackClient.ts';

type ChannelPosition = NonNullable<ReturnType<typeof positionIn>>;

export type SlackAnchors =
  | {
      readonly anchors: readonly Anchor[];
      /** Number of messages with the bot's marks that the bot did not post. */
      readonly foreign: number;
    }
  | { readonly problem: string };

/**
 * All positions of this ledger in the audit channel that the bot itself posted: under the identity of the token, or an
 * earlier one that the ledger explains.
 * @throws ConfigError if the channel cannot be read, or shows no such position although it should
 */
export async function anchorsFromSlack(ledger: OpenLedger): Promise<SlackAnchors> {
  const origin = originOf(ledger.sqlite);
  readSecretFiles(process.env, ['SLACK_BOT_TOKEN']);
  const { SLACK_BOT_TOKEN: token, JIT_POLICY: policyPath } = process.env;
  if (!token || !policyPath) throw new ConfigError(PROBLEMS.fromSlack);
  const { auditChannel: channel } = readPolicy(policyPath).policy;
  const client = slackClient('--from-slack', QUIET);
  const reader = createChannelReader(client, (call) => call());
  const anchors: Anchor[] = [];
  let other: ChannelPosition | null = null;
  let foreign = 0;
  try {
    const now = await askIdentity(client);
    const own = ownMessages([now, ...(await earlierIdentities(ledger, now))]);
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await reader.page({ channel, cursor, since: null });
      for (const message of page.messages) {
        if (message.metadata?.event_type !== AUDIT_METADATA) continue;
        const position = own.wrote(message) ? positionIn(message) : null;
        if (!own.wrote(message)) foreign += 1;
        if (position && position.ledger === origin?.ledger)
          anchors.push({ seq: position.seq, hash: position.hash, at: position.at, where: WHERE.channel });
        // A ledger that begins after the other one's last position is a new one, and its first event shows that.
        else if (position && position.at >= (origin?.began ?? 0)) other ??= position;
      }
      cursor = page.next;
    }
  } catch (error) {
    throw new ConfigError(PROBLEMS.channelUnreadable(channel, slackProblem(error)), { cause: error });
  }
  if (other) return { problem: PROBLEMS.otherLedger(other.seq) };
  if (anchors.length === 0 && (await createPostBook(ledger).cursor(CURSORS.audit)) > 0)
    throw new ConfigError(PROBLEMS.channelEmpty(channel));
  return { anchors, foreign };
}

/** The bot's earlier identities, but only those that events explain: the file's owner could add their own. */
async function earlierIdentities(ledger: OpenLedger, now: SlackIdentity): Promise<readonly SlackIdentity[]> {
  const store = createStore(ledger, { clock: { now: Date.now }, followUps: () => [], onDue: () => undefined });
  const kept = (await store.record('slack_identities', 'bot')).value?.identities ?? [];
  return explainedIdentities(kept, now, createEventReader(ledger));
}
