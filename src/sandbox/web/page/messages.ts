/** A list of messages, and the box to type into below it. */
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Blocks } from './blocks.ts';
import type { Element, Use } from './elements.ts';
import { Menu } from './menu.ts';
import { FirstSteps, type Steps } from './steps.ts';
import { ask, clockTime, html, instantOf, type Message, type Snapshot } from './store.ts';
import { mrkdwn } from './text.ts';

export interface ListProps {
  readonly label: string;
  readonly state: Snapshot;
  readonly viewer: string;
  readonly messages: readonly Message[];
  readonly confirm: Use['confirm'];
  /** How many answers a message has in its thread; in a thread itself there are none. */
  replies?(message: Message): readonly Message[];
  openThread?(message: Message): void;
  /** What to show while there are no messages. */
  readonly steps?: Steps;
}

/** As near to the end as this counts as being there. */
const AT_END_PX = 40;

export function MessageList({ label, steps, state, viewer, messages, confirm, replies, openThread }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const toEnd = () => list.current?.scrollTo({ top: list.current.scrollHeight });
  // Newest last, and in sight; a message that grows by an edit stays in sight for whoever was at the end.
  useLayoutEffect(toEnd, [messages.length, messages.at(-1)?.ts]);
  useLayoutEffect(() => {
    if (isAtEnd.current) toEnd();
  });
  const onScroll = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PX;
  };
  return html`<div class="messages" role="log" tabindex="0" aria-label=${label} ref=${list} onScroll=${onScroll}>
    ${messages.length === 0 && (steps ? html`<${FirstSteps} steps=${steps} />` : html`<p class="empty">Nothing here yet.</p>`)}
    ${messages.map((message) => html`<${MessageView} key=${message.ts} state=${state} viewer=${viewer} message=${message} confirm=${confirm} replies=${replies?.(message) ?? []} openThread=${openThread} />`)}
  </div>` as VNode;
}

interface MessageProps {
  state: Snapshot;
  viewer: string;
  message: Message;
  confirm: Use['confirm'];
  replies: readonly Message[];
  openThread?(message: Message): void;
}

function MessageView({ state, viewer, message, confirm, replies, openThread }: MessageProps) {
  const author = state.users.find((user) => user.id === message.user);
  const reader = { state, viewer };
  const timeZone = state.users.find((user) => user.id === viewer)?.timeZone ?? 'UTC';
  const isBot = message.user === state.app.botUserId;
  const on = (blockId: string, _element: Element): Use => ({
    state,
    confirm,
    use: (action) =>
      void ask({
        do: 'act',
        user: viewer,
        message: { channel: message.channel, ts: message.ts },
        block: blockId,
        action,
      }),
    suggest: async () => [],
  });
  const where = { channel: message.channel, ts: message.ts };
  const entries = [
    ...state.shortcuts
      .filter((shortcut) => shortcut.type === 'message')
      .map(({ name, callback_id: callback }) => ({
        name,
        choose: () => void ask({ do: 'shortcut', user: viewer, callback, message: where }),
      })),
    { name: 'Delete message', choose: () => void ask({ do: 'delete', message: where }) },
  ];
  return html`<article class=${message.ephemeralTo ? 'message ephemeral' : 'message'} data-ts=${message.ts}>
    <${Avatar} name=${author?.realName ?? '?'} isBot=${isBot} />
    <div class="content">
      <div class="who"><b>${author?.realName ?? message.user}</b>${isBot && html` <span class="app">APP</span>`} <time>${clockTime(instantOf(message.ts), timeZone)}</time>
        ${!message.ephemeralTo && html`<${Menu} label="Message shortcuts" sign="⋯" entries=${entries} />`}</div>
      ${message.ephemeralTo && html`<p class="only">👁 Only visible to you</p>`}
      ${message.blocks.length > 0 ? html`<${Blocks} blocks=${message.blocks} reader=${reader} on=${on} />` : html`<p>${isBot ? mrkdwn(message.text, reader) : message.text}</p>`}
      ${message.isEdited && html`<small class="edited">(edited)</small>`}
      ${replies.length > 0 && html`<button type="button" class="replies" onClick=${() => openThread?.(message)}>${replies.length} ${replies.length === 1 ? 'reply' : 'replies'} <span>View thread</span></button>`}
    </div>
  </article>` as VNode;
}

const COLOURS = ['#b4451f', '#1f6f8b', '#6b4e9b', '#2f7d4f', '#9b3d6b', '#5a6b1f', '#3d5a9b'];

export function Avatar({ name, isBot }: { name: string; isBot: boolean }) {
  const colour = COLOURS[[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % COLOURS.length];
  return html`<span class="avatar" aria-hidden="true" style=${{ background: isBot ? '#14352a' : colour }}>${isBot ? '🔑' : name[0]}</span>` as VNode;
}

/** Where one types: messages, and slash commands with their hint. */
export function Composer({
  state,
  viewer,
  channel,
  thread,
  where,
}: {
  state: Snapshot;
  viewer: string;
  channel: string;
  thread: string | null;
  where: string;
}) {
  const [typed, setTyped] = useState('');
  const box = useRef<HTMLInputElement>(null);
  const commands = typed.startsWith('/')
    ? state.commands.filter((command) => command.command.startsWith(typed.split(' ')[0] ?? ''))
    : [];
  const globals = state.shortcuts.filter((shortcut) => shortcut.type === 'global');
  const send = (event: Event) => {
    event.preventDefault();
    const text = typed.trim();
    if (text === '') return;
    setTyped('');
    void ask({ do: 'say', user: viewer, channel, text, thread });
  };
  return html`<form class="composer" onSubmit=${send}>
    ${
      commands.length > 0 &&
      html`<div class="hints">${commands.map(
        (command) => html`<button type="button" onClick=${() => {
          setTyped(`${command.command} `);
          box.current?.focus();
        }}>
      <b>${command.command}</b> <i>${command.usage_hint}</i><span>${command.description}</span></button>`,
      )}</div>`
    }
    ${globals.length > 0 && html`<${Menu} label="Shortcuts" sign="+" opensUp entries=${globals.map(({ name, callback_id: callback }) => ({ name, choose: () => void ask({ do: 'shortcut', user: viewer, callback }) }))} />`}
    <input ref=${box} type="text" aria-label=${`Message ${where}`} placeholder=${`Message ${where.replace('# ', '#')}, or type /jit`} value=${typed} autocomplete="off" onInput=${(event: Event) => setTyped((event.target as HTMLInputElement).value)} />
    <button type="submit" class="send" aria-label="Send" disabled=${typed.trim() === ''}>➤</button>
  </form>` as VNode;
}
