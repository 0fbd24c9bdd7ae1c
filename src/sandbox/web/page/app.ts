import { render, type VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Pane } from './pane.ts';
import { html, listenToProblems, useSnapshot } from './store.ts';
import { World } from './world.ts';

/** The window: one person's Slack or two side by side, and the world around the bot. */

type Read = Readonly<Record<string, Readonly<Record<string, string>>>>;

function App() {
  const { state, isLive } = useSnapshot();
  const [people, setPeople] = useState<readonly string[]>(['U0ANA']);
  const [read, setRead] = useState<Read>({});
  const [showsWorld, setShowsWorld] = useState(() => window.matchMedia('(min-width: 900px)').matches);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    listenToProblems(setProblem);
  }, []);
  useEffect(() => {
    if (!problem) return undefined;
    const fade = setTimeout(() => setProblem(null), 8_000);
    return () => clearTimeout(fade);
  }, [problem]);
  if (!state) return html`<p class="empty">Connecting to the sandbox…</p>` as VNode;

  const markRead = (person: string) => (channel: string, ts: string) =>
    setRead((before) => ({ ...before, [person]: { ...before[person], [channel]: ts } }));
  const timeZone = state.users.find((user) => user.id === people[0])?.timeZone ?? 'UTC';
  return html`<div class="window">
    <header class="top"><b>🗝 jitbot sandbox</b>${!isLive && html`<span class="offline">not connected to the sandbox</span>`}<span class="grow"></span>
      <button type="button" aria-pressed=${people.length === 2} onClick=${() => setPeople(people.length === 2 ? [people[0] ?? 'U0ANA'] : [people[0] ?? 'U0ANA', people[0] === 'U0CHLOE' ? 'U0BEN' : 'U0CHLOE'])}>Two people</button>
      <button type="button" aria-pressed=${showsWorld} onClick=${() => setShowsWorld(!showsWorld)}>The world</button></header>
    <div class=${showsWorld ? 'stage with-world' : 'stage'}>
      <div class="panes">${people.map(
        (
          person,
          index,
        ) => html`<${Pane} key=${index} state=${state} viewer=${person} read=${read[person] ?? {}} markRead=${markRead(person)}
        switchTo=${(next: string) => setPeople(people.map((other, at) => (at === index ? next : other)))} />`,
      )}</div>
      ${showsWorld && html`<${World} state=${state} timeZone=${timeZone} />`}
    </div>
    ${problem && html`<div class="toast" role="alert">${problem}<button type="button" aria-label="Dismiss" onClick=${() => setProblem(null)}>✕</button></div>`}
  </div>` as VNode;
}

render(html`<${App} />` as VNode, document.body);
