import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { once } from '../../concurrency/once.ts';
import { BOT } from '../../domain/person.ts';
import type { SlackIdentity } from '../../domain/records.ts';
import type { Log } from '../../ports/host.ts';
import type { EventReader } from '../../ports/ledger.ts';
import type { Store } from '../../ports/store.ts';

/** The fields of a message in Slack's history that say who posted it. */
export const authorSchema = z.looseObject({
  ts: z.string(),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  team: z.string().optional(),
  edited: z.looseObject({ user: z.string().optional() }).optional(),
});
export type Authored = z.infer<typeof authorSchema>;

/** Recognizes the bot's own messages. Anyone in the channel can post something that looks like them. */
export interface OwnMessages {
  /** Whether the bot posted it, also under an earlier installation, and nobody else edited it. */
  wrote(message: Authored): boolean;
}

export interface IdentityBook {
  /** @throws if Slack does not say who the bot is; then no message can be trusted */
  own(): Promise<OwnMessages>;
}

const authSchema = z.object({
  team_id: z.string().min(1),
  user_id: z.string().min(1),
  bot_id: z.string().min(1),
});

/** @throws if Slack does not say who the bot is, or the token is not a bot's */
export async function askIdentity(client: WebClient): Promise<SlackIdentity> {
  const answer = authSchema.safeParse(await client.auth.test());
  if (!answer.success) throw new Error('Slack does not say which bot SLACK_BOT_TOKEN belongs to; it has to be a bot’s');
  const { team_id: team, user_id: user, bot_id: bot } = answer.data;
  return { team, user, bot };
}

export const isSameIdentity = (a: SlackIdentity, b: SlackIdentity): boolean =>
  a.team === b.team && a.user === b.user && a.bot === b.bot;

export function ownMessages(identities: readonly SlackIdentity[]): OwnMessages {
  return {
    wrote: ({ user, bot_id, team, edited }) => {
      const author = identities.find(
        (one) => one.user === user && one.bot === bot_id && (team === undefined || one.team === team),
      );
      // Only the bot can edit its own message. If Slack says that somebody else did, the text is not ours.
      return author !== undefined && (edited === undefined || identities.some((one) => one.user === edited.user));
    },
  };
}

/**
 * Earlier identities of the bot that events explain, or the only one before, which has no event yet.
 * @param before identities in the database, which the owner of the file could have changed
 */
export async function explainedIdentities(
  before: readonly SlackIdentity[],
  now: SlackIdentity,
  events: Pick<EventReader, 'marks'>,
): Promise<readonly SlackIdentity[]> {
  const others = before.filter((one) => !isSameIdentity(one, now));
  const isFollowed = before.length !== others.length || before.length === 0;
  const said = (await events.marks('bot.identified')).flatMap(({ payload }) => [payload.identity, ...payload.earlier]);
  if (!isFollowed && others.length === 1 && said.length === 0) return others;
  return others.filter((one) => said.some((other) => isSameIdentity(one, other)));
}

/**
 * Asks Slack once who the bot is, and records it in the ledger: an app that is removed and installed again is another
 * user, and must still recognize its own positions in the audit channel. Only Slack's answer adds to the list.
 */
export function createIdentityBook(deps: {
  client: WebClient;
  store: Store;
  events: EventReader;
  log: Log;
}): IdentityBook {
  const { client, store, events, log } = deps;
  async function look(): Promise<OwnMessages> {
    const now = await askIdentity(client);
    const kept = await store.record('slack_identities', 'bot');
    const before = kept.value?.identities ?? [];
    const earlier = await explainedIdentities(before, now, events);
    if (earlier.length < before.filter((one) => !isSameIdentity(one, now)).length)
      log.error({}, 'the database names identities of the bot at Slack that no event explains; they are not believed');
    const identities = [...earlier, now];
    if (JSON.stringify(identities) !== JSON.stringify(before))
      await store.commit({
        records: [{ kind: 'slack_identities', key: 'bot', value: { identities }, version: kept.version }],
        events:
          earlier.length === 0 || before.some((one) => isSameIdentity(one, now))
            ? []
            : [
                {
                  type: 'bot.identified',
                  actor: BOT,
                  requestId: null,
                  grantId: null,
                  payload: { identity: now, earlier },
                },
              ],
      });
    return ownMessages(identities);
  }

  return { own: once(look).get };
}
