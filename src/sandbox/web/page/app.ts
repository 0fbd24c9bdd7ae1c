/** The window: one person's Slack or two side by side, and the world around the bot. */
import { render, type VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Pane } from './pane.ts';
import type { Steps } from './steps.ts';
import { ask, dayTime, html, listenToProblems, type Snapshot, useSnapshot } from './store.ts';
import { World } from './world.ts';

type Read = Readonly<Record<string, Readonly<Record<string, string>>>>;
interface Shown {
  readonly person: string;
  readonly startsIn: string;
}

const GENERAL = 'C0GENERAL';
const ACCESS = 'C0ACCESS';
const PROBLEM_SHOWN_MS = 8_000;

function App() {
  const { state, isLive } = useSnapshot();
  const [shown, setShown] = useState<readonly Shown[]>([{ person: 'U0ANA', startsIn: GENERAL }]);
  // Raised where the panes begin anew: their own state, as the channel that is open, is then the first again.
  const [round, setRound] = useState(0);
  const [read, setRead] = useState<Read>({});
  const [showsWorld, setShowsWorld] = useState(() => window.matchMedia('(min-width: 900px)').matches);
  const [problem, setProblem] = useProblem();
  if (!state) return html`<main class="empty"><h1>jitbot sandbox</h1><p>Connecting to the sandbox…</p></main>` as VNode;

  const show = (...panes: Shown[]) => {
    setShown(panes);
    setRound(round + 1);
    if (window.matchMedia('(max-width: 760px)').matches) setShowsWorld(false);
  };
  const steps: Steps = {
    askAsAna: () => {
      show({ person: 'U0ANA', startsIn: GENERAL });
      void ask({ do: 'say', user: 'U0ANA', channel: GENERAL, text: '/jit' });
    },
    showBenAndChloe: () => show({ person: 'U0BEN', startsIn: GENERAL }, { person: 'U0CHLOE', startsIn: ACCESS }),
    jumpAnHour: () => void ask({ do: 'jump', minutes: 60 }),
  };
  const first = shown[0]?.person ?? 'U0ANA';
  const second = () =>
    setShown([
      ...shown.slice(0, 1),
      ...(shown.length === 2 ? [] : [{ person: first === 'U0CHLOE' ? 'U0BEN' : 'U0CHLOE', startsIn: GENERAL }]),
    ]);
  const markRead = (person: string) => (channel: string, ts: string) =>
    setRead((before) => ({ ...before, [person]: { ...before[person], [channel]: ts } }));
  const timeZone = state.users.find((user) => user.id === first)?.timeZone ?? 'UTC';
  const switchTo = (index: number) => (person: string) =>
    setShown(shown.map((other, at) => (at === index ? { ...other, person } : other)));

  return html`<div class="window">
    <header class="top"><h1>🔑 jitbot sandbox</h1>${!isLive && html`<span class="offline" role="status">not connected</span>`}<span class="grow"></span>
      <time class="now">${dayTime(state.now, timeZone)}</time>
      <div class="switches"><button type="button" aria-pressed=${shown.length === 2} onClick=${second}>Two people</button>
      <button type="button" aria-pressed=${showsWorld} onClick=${() => setShowsWorld(!showsWorld)}>The world</button></div></header>
    <main class=${showsWorld ? 'stage with-world' : 'stage'}>
      <div class="panes">${shown.map(
        (
          { person, startsIn },
          index,
        ) => html`<${Pane} key=${`${round}-${index}`} state=${state} viewer=${person} name=${nameIn(state, shown, index)} startsIn=${startsIn}
        read=${read[person] ?? {}} markRead=${markRead(person)} steps=${steps} switchTo=${switchTo(index)} />`,
      )}</div>
      ${showsWorld && html`<${World} state=${state} timeZone=${timeZone} />`}
    </main>
    ${problem && html`<div class="toast" role="alert">${problem}<button type="button" aria-label="Dismiss" onClick=${() => setProblem(null)}>✕</button></div>`}
  </div>` as VNode;
}

function nameIn(state: Snapshot, shown: readonly Shown[], index: number): string {
  const person = shown[index]?.person;
  const name = state.users.find((user) => user.id === person)?.realName ?? '';
  return index === 1 && shown[0]?.person === person ? `${name} (2)` : name;
}

/** What went wrong last, for some seconds. */
function useProblem(): [string | null, (problem: string | null) => void] {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    listenToProblems(setProblem);
  }, []);
  useEffect(() => {
    if (!problem) return undefined;
    const fade = setTimeout(() => setProblem(null), PROBLEM_SHOWN_MS);
    return () => clearTimeout(fade);
  }, [problem]);
  return [problem, setProblem];
}

render(html`<${App} />` as VNode, document.body);
