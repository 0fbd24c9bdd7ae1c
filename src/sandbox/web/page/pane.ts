/** One person's Slack: who they are, their channels, what stands there, and the form that is open. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Blocks } from './blocks.ts';
import type { Use } from './elements.ts';
import { Composer, MessageList } from './messages.ts';
import { type Asked, ConfirmDialog, Modal } from './modal.ts';
import { HOME, Sidebar } from './sidebar.ts';
import type { Steps } from './steps.ts';
import { ask, type Channel, html, type Message, type Snapshot } from './store.ts';

export interface PaneProps {
  readonly state: Snapshot;
  readonly viewer: string;
  /** What tells this pane from the other: the person's name, numbered where both show the same person. */
  readonly name: string;
  /** The channel it opens with. */
  readonly startsIn: string;
  /** Until when this person has read each channel, by channel. */
  readonly read: Readonly<Record<string, string>>;
  readonly steps: Steps;
  switchTo(person: string): void;
  markRead(channel: string, ts: string): void;
}

const nameOf = (channel: Channel) => (channel.directWith ? 'jit' : `# ${channel.name}`);

export function Pane({ state, viewer, name, startsIn, read, steps, switchTo, markRead }: PaneProps) {
  const mine = state.channels.filter((channel) => !channel.directWith && channel.members.includes(viewer));
  const direct = state.channels.find((channel) => channel.directWith === viewer);
  const [place, setPlace] = useState(startsIn);
  const [threadTs, setThread] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [showsChannels, setShowsChannels] = useState(false);

  const visible = (channel: string): Message[] =>
    state.messages.filter(
      (message) => message.channel === channel && (!message.ephemeralTo || message.ephemeralTo === viewer),
    );
  const isUnread = (channel: string): boolean =>
    visible(channel).some((message) => message.user !== viewer && message.ts > (read[channel] ?? ''));
  const here = [...mine, direct].find((channel) => channel?.id === place) ?? (place === HOME ? undefined : mine[0]);
  const all = here ? visible(here.id) : [];
  const newest = all.at(-1)?.ts ?? '';
  useEffect(() => {
    if (here && newest > (read[here.id] ?? '')) markRead(here.id, newest);
  }, [here?.id, newest]);

  const confirm: Use['confirm'] = (dialog, then) => setAsked({ dialog, then });
  const openView = state.views.filter((view) => view.user === viewer).at(-1);
  const go = (to: string) => {
    setPlace(to);
    setThread(null);
    setShowsChannels(false);
    if (to === HOME) void ask({ do: 'home', user: viewer });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || openView || asked) return;
    if (showsChannels) setShowsChannels(false);
    else setThread(null);
  };

  return html`<section class="pane" aria-label=${`Slack as ${name}`} onKeyDown=${onKey}>
    <div class="beneath" inert=${openView !== undefined || asked !== null}>
      <${Sidebar} state=${state} viewer=${viewer} name=${name} here=${here?.id ?? place} channels=${mine} direct=${direct} isShown=${showsChannels} isUnread=${isUnread} go=${go}
        switchTo=${(person: string) => {
          switchTo(person);
          setThread(null);
        }} />
      <div class="main" onClick=${() => showsChannels && setShowsChannels(false)}>
        <header class="bar"><button type="button" class="menu-button" aria-label="Channels" aria-expanded=${showsChannels} onClick=${(
          event: Event,
        ) => {
          event.stopPropagation();
          setShowsChannels(!showsChannels);
        }}>☰${[...mine, ...(direct ? [direct] : [])].some((channel) => isUnread(channel.id)) && html`<span class="dot"></span>`}</button>
          <h2>${here ? nameOf(here) : 'jit: Home'}</h2><span class="count">${here && !here.directWith ? `${here.members.length} members` : ''}</span></header>
        ${
          here
            ? html`<${Columns} state=${state} viewer=${viewer} steps=${steps} here=${here} all=${all} threadTs=${threadTs} setThread=${setThread} confirm=${confirm} />`
            : html`<${HomeTab} state=${state} viewer=${viewer} confirm=${confirm} />`
        }
      </div>
    </div>
    ${openView && html`<${Modal} key=${openView.id} state=${state} viewer=${viewer} open=${openView} confirm=${confirm} isCovered=${asked !== null} />`}
    ${asked && html`<${ConfirmDialog} asked=${asked} done=${() => setAsked(null)} />`}
  </section>` as VNode;
}

interface ColumnsProps {
  state: Snapshot;
  viewer: string;
  steps: Steps;
  here: Channel;
  /** What the viewer sees of this channel. */
  all: readonly Message[];
  threadTs: string | null;
  setThread(ts: string | null): void;
  confirm: Use['confirm'];
}

/** A channel's messages, and beside them the thread that is open. */
function Columns({ state, viewer, steps, here, all, threadTs, setThread, confirm }: ColumnsProps) {
  const replies = (message: Message) => all.filter((other) => other.threadTs === message.ts);
  const thread = threadTs === null ? null : (all.find((message) => message.ts === threadTs) ?? null);
  // Slack shows no box where the app takes no messages, and says so.
  const box = (inThread: string | null, where: string) =>
    here.directWith && state.isReadOnlyHome
      ? html`<p class="turned-off">Sending messages to this app has been turned off.</p>`
      : html`<${Composer} state=${state} viewer=${viewer} channel=${here.id} thread=${inThread} where=${where} />`;
  return html`<div class="columns">
    <div class="column"><${MessageList} label=${`Messages in ${nameOf(here)}`} state=${state} viewer=${viewer} confirm=${confirm} steps=${here.name === 'general' ? steps : undefined} messages=${all.filter((message) => message.threadTs === null || message.ephemeralTo)} replies=${replies} openThread=${(message: Message) => setThread(message.ts)} />
      ${box(null, nameOf(here))}</div>
    ${
      thread &&
      html`<div class="column thread"><header class="bar"><h3>Thread</h3><button type="button" class="close" aria-label="Close thread" onClick=${() => setThread(null)}>✕</button></header>
      <${MessageList} label="Messages in the thread" state=${state} viewer=${viewer} confirm=${confirm} messages=${[thread, ...replies(thread)]} />
      ${box(thread.ts, 'the thread')}</div>`
    }
  </div>` as VNode;
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
  return html`<div class="home" tabindex="0" role="group" aria-label="Home of jit"><${Blocks} blocks=${home.view.blocks} reader=${{ state, viewer }} on=${on} /></div>` as VNode;
}
