/** Slack's mrkdwn and rich text as elements. Never as HTML: what people typed stays text. */

import type { VNode } from 'preact';
import { EMOJI } from './emoji.ts';
import { clockTime, html, type Snapshot } from './store.ts';

export type Piece = VNode | string;
export interface Reader {
  readonly state: Snapshot;
  readonly viewer: string;
}

const unescapeText = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const TOKEN = /(`[^`\n]+`|\*[^*\n]+\*|~[^~\n]+~|<[^>\n]+>|\n)/;

export function mrkdwn(text: string, reader: Reader): Piece[] {
  return text.split(TOKEN).map((part): Piece => {
    const inside = part.slice(1, -1);
    if (part === '\n') return html`<br />` as VNode;
    if (/^`[^`]+`$/.test(part)) return html`<code>${unescapeText(inside)}</code>` as VNode;
    if (/^\*[^*]+\*$/.test(part)) return html`<b>${mrkdwn(inside, reader)}</b>` as VNode;
    if (/^~[^~]+~$/.test(part)) return html`<s>${mrkdwn(inside, reader)}</s>` as VNode;
    if (/^<[^>]+>$/.test(part)) return referenceOf(inside, reader);
    return emoji(part);
  });
}

const emoji = (text: string): string =>
  unescapeText(text).replace(/:([a-z_]+):/g, (whole, name: string) => EMOJI[name] ?? whole);

function referenceOf(inside: string, { state, viewer }: Reader): Piece {
  const [target = '', label] = inside.split('|');
  if (target.startsWith('@'))
    return mention(
      `@${state.users.find((user) => user.id === target.slice(1))?.realName ?? target.slice(1)}`,
      target.slice(1) === viewer,
    );
  if (target.startsWith('!subteam^')) {
    const group = state.groups.find((one) => one.id === target.slice(9));
    return mention(`@${group?.handle ?? target.slice(9)}`, group?.members.includes(viewer) ?? false);
  }
  if (target.startsWith('#'))
    return mention(
      `#${state.channels.find((channel) => channel.id === target.slice(1))?.name ?? target.slice(1)}`,
      false,
    );
  if (target.startsWith('!date^')) return date(target, { state, viewer });
  if (target.startsWith('!')) return mention(`@${target.slice(1)}`, true);
  return html`<a href=${target} target="_blank" rel="noreferrer">${unescapeText(label ?? target)}</a>` as VNode;
}

const mention = (name: string, isMe: boolean): VNode =>
  html`<span class=${isMe ? 'mention me' : 'mention'}>${name}</span>` as VNode;

/** Slack fills the format in each reader's own time zone, and says "today" where it is. */
function date(token: string, { state, viewer }: Reader): Piece {
  const [, seconds = '0', format = ''] = token.split('^');
  const at = Number(seconds) * 1000;
  const timeZone = state.users.find((user) => user.id === viewer)?.timeZone ?? 'UTC';
  const day = (when: number) =>
    new Date(when).toLocaleDateString('en-GB', { timeZone, day: 'numeric', month: 'short' });
  const pretty = day(at) === day(state.now) ? 'today' : day(at) === day(state.now + 86_400_000) ? 'tomorrow' : day(at);
  return format.replace('{date_short_pretty}', pretty).replace('{time}', clockTime(at, timeZone));
}

type Inline = {
  type: string;
  text?: string | undefined;
  url?: string | undefined;
  user_id?: string | undefined;
  usergroup_id?: string | undefined;
  style?: { bold?: boolean | undefined; code?: boolean | undefined } | undefined;
};

export function richInline(element: Inline, reader: Reader): Piece {
  if (element.type === 'user') return referenceOf(`@${element.user_id}`, reader);
  if (element.type === 'usergroup') return referenceOf(`!subteam^${element.usergroup_id}`, reader);
  if (element.type === 'link') return referenceOf(`${element.url}|${element.text ?? element.url}`, reader);
  if (element.type !== 'text') return `[${element.type}]`;
  const text = element.text ?? '';
  if (element.style?.code) return html`<code>${text}</code>` as VNode;
  if (element.style?.bold) return html`<b>${text}</b>` as VNode;
  return text;
}
