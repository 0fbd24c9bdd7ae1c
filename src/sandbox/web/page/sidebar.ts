/** The left side of a pane: who one is, and where one can go. */
import type { VNode } from 'preact';
import { type Channel, html, type Snapshot } from './store.ts';

export const HOME = 'home';

export interface SidebarProps {
  readonly state: Snapshot;
  readonly viewer: string;
  readonly name: string;
  /** The channel or Home that is open. */
  readonly here: string;
  readonly channels: readonly Channel[];
  readonly direct: Channel | undefined;
  readonly isShown: boolean;
  isUnread(channel: string): boolean;
  go(place: string): void;
  switchTo(person: string): void;
}

export function Sidebar({
  state,
  viewer,
  name,
  here,
  channels,
  direct,
  isShown,
  isUnread,
  go,
  switchTo,
}: SidebarProps) {
  const person = state.users.find((user) => user.id === viewer);
  const entry = (id: string, label: string, unread: boolean) =>
    html`<button type="button" class=${`${here === id ? 'here' : ''} ${unread ? 'unread' : ''}`} aria-current=${here === id ? 'page' : undefined} data-place=${id} onClick=${() => go(id)}>${label}${unread && html`<span class="dot" role="img" aria-label="unread"></span>`}</button>`;
  return html`<div class=${isShown ? 'sidebar shown' : 'sidebar'}>
    <h2 class="team">${state.team.name}</h2>
    <label class="person">You are
      <select aria-label="You are" onChange=${(event: Event) => switchTo((event.target as HTMLSelectElement).value)}>
        ${state.users.filter((user) => user.kind !== 'bot').map((user) => html`<option value=${user.id} selected=${user.id === viewer}>${user.realName}${user.kind === 'member' ? '' : ` (${user.kind})`}</option>`)}
      </select>
      <small>${person?.onCall ?? (person?.kind === 'member' ? 'not on call' : person?.kind)}</small>
    </label>
    <nav aria-label=${`Channels, ${name}`}><h3>Channels</h3>${channels.map((channel) => entry(channel.id, `# ${channel.name}`, isUnread(channel.id)))}
      <h3>Apps</h3>${direct && entry(direct.id, 'jit', isUnread(direct.id))}${entry(HOME, 'jit: Home', false)}</nav>
  </div>` as VNode;
}
