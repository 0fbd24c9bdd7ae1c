import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Blocks } from './blocks.ts';
import type { Use } from './elements.ts';
import { Composer, MessageList } from './messages.ts';
import { type Asked, ConfirmDialog, Modal } from './modal.ts';
import { ask, type Channel, html, type Message, type Snapshot } from './store.ts';

/** One person's Slack: who they are, their channels, what stands there, and the form that is open. */

export interface PaneProps {
  readonly state: Snapshot;
  readonly viewer: string;
  /** Until when this person has read each channel, by channel. */
  readonly read: Readonly<Record<string, string>>;
  switchTo(person: string): void;
  markRead(channel: string, ts: string): void;
}

const HOME = 'home';

export function Pane({ state, viewer, read, switchTo, markRead }: PaneProps) {
  const person = state.users.find((user) => user.id === viewer);
  const mine = state.channels.filter((channel) => !channel.directWith && channel.members.includes(viewer));
  const direct = state.channels.find((channel) => channel.directWith === viewer);
  const [place, setPlace] = useState('C0GENERAL');
  const [threadTs, setThread] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [showsChannels, setShowsChannels] = useState(false);

  const visible = (channel: string): Message[] =>
    state.messages.filter(
      (message) => message.channel === channel && (!message.ephemeralTo || message.ephemeralTo === viewer),
    );
  const isUnread = (channel: string): boolean =>
    visible(channel).some((message) => message.user !== viewer && message.ts > (read[channel] ?? ''));
  const here: Channel | undefined =
    state.channels.find(
      (channel) => channel.id === place && (channel.members.includes(viewer) || channel.directWith === viewer),
    ) ?? (place === HOME ? undefined : mine[0]);
  const all = here ? visible(here.id) : [];
  const newest = all.at(-1)?.ts ?? '';
  useEffect(() => {
    if (here && newest > (read[here.id] ?? '')) markRead(here.id, newest);
  }, [here?.id, newest]);

  const replies = (message: Message) => all.filter((other) => other.threadTs === message.ts);
  const thread = threadTs === null ? null : (all.find((message) => message.ts === threadTs) ?? null);
  const confirm: Use['confirm'] = (dialog, then) => setAsked({ dialog, then });
  const openView = state.views.filter((view) => view.user === viewer).at(-1);
  const go = (to: string) => {
    setPlace(to);
    setThread(null);
    setShowsChannels(false);
    if (to === HOME) void ask({ do: 'home', user: viewer });
  };
  const nameOf = (channel: Channel) => (channel.directWith ? 'jit' : `# ${channel.name}`);
  const entry = (id: string, name: string, unread: boolean) =>
    html`<button type="button" class=${`${place === id || here?.id === id ? 'here' : ''} ${unread ? 'unread' : ''}`} data-place=${id} onClick=${() => go(id)}>${name}${unread && html`<span class="dot" aria-label="unread"></span>`}</button>`;

  return html`<section class="pane" aria-label=${`Slack as ${person?.realName}`}>
    <aside class=${showsChannels ? 'sidebar shown' : 'sidebar'}>
      <div class="team">${state.team.name}</div>
      <label class="person">You are
        <select aria-label="You are" onChange=${(event: Event) => {
          switchTo((event.target as HTMLSelectElement).value);
          setThread(null);
        }}>
          ${state.users.filter((user) => user.kind !== 'bot').map((user) => html`<option value=${user.id} selected=${user.id === viewer}>${user.realName}${user.kind === 'member' ? '' : ` (${user.kind})`}</option>`)}
        </select>
        <small>${person?.onCall ?? (person?.kind === 'member' ? 'not on call' : person?.kind)}</small>
      </label>
      <nav><h4>Channels</h4>${mine.map((channel) => entry(channel.id, `# ${channel.name}`, isUnread(channel.id)))}
        <h4>Apps</h4>${direct && entry(direct.id, 'jit', isUnread(direct.id))}${entry(HOME, 'jit: Home', false)}</nav>
    </aside>
    <div class="main" onClick=${() => showsChannels && setShowsChannels(false)}>
      <header class="bar"><button type="button" class="menu-button" aria-label="Channels" onClick=${(event: Event) => {
        event.stopPropagation();
        setShowsChannels(!showsChannels);
      }}>☰${[...mine, ...(direct ? [direct] : [])].some((channel) => isUnread(channel.id)) && html`<span class="dot"></span>`}</button>
        <b>${here ? nameOf(here) : 'jit: Home'}</b><span class="count">${here && !here.directWith ? `${here.members.length} members` : ''}</span></header>
      ${
        here
          ? html`<div class="columns">
          <div class="column"><${MessageList} state=${state} viewer=${viewer} confirm=${confirm} messages=${all.filter((message) => message.threadTs === null || message.ephemeralTo)} replies=${replies} openThread=${(message: Message) => setThread(message.ts)} />
            <${Composer} state=${state} viewer=${viewer} channel=${here.id} thread=${null} where=${nameOf(here)} /></div>
          ${
            thread &&
            html`<div class="column thread"><header class="bar"><b>Thread</b><button type="button" class="close" aria-label="Close thread" onClick=${() => setThread(null)}>✕</button></header>
            <${MessageList} state=${state} viewer=${viewer} confirm=${confirm} messages=${[thread, ...replies(thread)]} />
            <${Composer} state=${state} viewer=${viewer} channel=${here.id} thread=${thread.ts} where="the thread" /></div>`
          }
        </div>`
          : html`<${HomeTab} state=${state} viewer=${viewer} confirm=${confirm} />`
      }
      ${openView && html`<${Modal} key=${openView.id} state=${state} viewer=${viewer} open=${openView} confirm=${confirm} />`}
      ${asked && html`<${ConfirmDialog} asked=${asked} done=${() => setAsked(null)} />`}
    </div>
  </section>` as VNode;
}

function HomeTab({ state, viewer, confirm }: { state: Snapshot; viewer: string; confirm: Use['confirm'] }) {
  const home = state.homes[viewer];
  if (!home)
    return html`<p class="empty">This app has published no Home for you. Ask with /jit in any channel.</p>` as VNode;
  const on = (block: string): Use => ({
    state,
    confirm,
    use: (action) => void ask({ do: 'act', user: viewer, view: home.id, block, action }),
    suggest: async () => [],
  });
  return html`<div class="home"><${Blocks} blocks=${home.view.blocks} reader=${{ state, viewer }} on=${on} /></div>` as VNode;
}
