/** What the bot says at Slack: each message as it was posted, and each time that it was changed. */

import type { Message, Workspace } from '../../../src/sandbox/slack/workspace.ts';

export interface Words {
  /** What stands in its blocks; without blocks, its text. */
  readonly text: string;
  /** What a phone shows of it. */
  readonly headline: string;
  readonly buttons: readonly { readonly action: string; readonly value: string }[];
}

/** A message, and how it reads now. */
export interface Letter {
  readonly ts: string;
  /** The person, where it is a direct message; otherwise the channel. */
  readonly to: string;
  readonly thread: string | null;
  readonly isAudit: boolean;
  /** What somebody asked for by hand is answered, where it is not on their screen any more. */
  readonly isAnswer: boolean;
  words: Words;
}

export type Said =
  | { readonly kind: 'posted'; readonly letter: Letter }
  | { readonly kind: 'changed'; readonly ts: string; readonly to: string; readonly words: Words }
  | { readonly kind: 'home'; readonly to: string; readonly words: Words };

/** What a call of the Web API that has just gone through says to people. @returns null if it says nothing */
export function saidBy(name: string, args: Record<string, unknown>, workspace: Workspace): Said | null {
  if (name === 'views.publish') {
    const to = String(args.user_id);
    const home = workspace.homes.get(to);
    return home ? { kind: 'home', to, words: wordsOf('', home.view.blocks) } : null;
  }
  if (name === 'chat.update') {
    const message = workspace.messages.findLast(({ ts }) => ts === args.ts);
    return message
      ? { kind: 'changed', ts: message.ts, to: readerOf(message, workspace), words: wordsIn(message) }
      : null;
  }
  const message = name === 'chat.postMessage' ? workspace.messages.at(-1) : undefined;
  if (!message) return null;
  const letter = {
    ts: message.ts,
    to: readerOf(message, workspace),
    thread: message.threadTs,
    isAudit: message.metadata?.event_type === 'jitbot_audit',
    isAnswer: message.metadata === null,
    words: wordsIn(message),
  };
  return { kind: 'posted', letter };
}

const readerOf = ({ channel }: Message, { channels }: Workspace): string =>
  channels.get(channel)?.directWith ?? channel;

const wordsIn = ({ text, blocks }: Message): Words => wordsOf(text, blocks);

function wordsOf(headline: string, blocks: readonly unknown[]): Words {
  const texts: string[] = [];
  const buttons: { action: string; value: string }[] = [];
  const read = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('type' in value && value.type === 'button') {
      const { action_id: action, value: about } = value as { action_id?: string; value?: string };
      buttons.push({ action: action ?? '', value: about ?? '' });
      return;
    }
    if ('text' in value && typeof value.text === 'string') texts.push(value.text);
    for (const part of Object.values(value)) read(part);
  };
  for (const block of blocks) read(block);
  return { text: blocks.length === 0 ? headline : texts.join('\n'), headline, buttons };
}
