import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { keyedLock } from '../../concurrency/keyedLock.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Log } from '../../ports/host.ts';
import type { Store } from '../../ports/store.ts';
import type { Targets } from '../../ports/targets.ts';
import type { AnswerWindow, AnswerWindows } from '../kit/answerWindows.ts';
import { updateView } from '../kit/openViews.ts';
import { answerModal } from './answers.ts';
import { loadShown } from './shown.ts';

/**
 * Maximum number of open windows to remember; the oldest are dropped first. After a restart, the messages say the same.
 */
const REMEMBERED = 1_000;

interface Deps {
  readonly client: WebClient;
  readonly log: Log;
  readonly policy: () => Policy;
  readonly store: Pick<Store, 'request' | 'grant'>;
  readonly targets: Pick<Targets, 'issuesCredentials'>;
}

/** Remembers open windows and what each shows. */
export function createAnswerWindows(deps: Deps): AnswerWindows {
  const open = new Map<string, AnswerWindow>();
  const shown = new Map<string, string>();
  // Updates run one after the other, so that the last one has the newest state.
  const lock = keyedLock();

  function remember(window: AnswerWindow): void {
    for (const id of window.requestIds) open.set(id, window);
    for (const oldest of open.values()) {
      if (open.size <= REMEMBERED) break;
      forget(oldest);
    }
  }

  function forget({ viewId, requestIds }: AnswerWindow): void {
    for (const id of requestIds) open.delete(id);
    shown.delete(viewId);
  }

  async function put(window: AnswerWindow, view: ModalView): Promise<boolean> {
    const { viewId } = window;
    const drawn = JSON.stringify(view);
    if (shown.get(viewId) === drawn) return true;
    shown.set(viewId, drawn);
    const isOpen = await updateView({ client: deps.client, deps }, viewId, view);
    if (!isOpen) forget(window);
    return isOpen;
  }

  const draw = (window: AnswerWindow, word: string | null = null): Promise<boolean> =>
    lock(window.viewId, async () => put(window, answerModal(deps.policy(), { ...(await stateOf(window)), word })));

  async function stateOf({ requestIds, refused }: AnswerWindow) {
    const loaded = await Promise.all(requestIds.map((id) => deps.store.request(id)));
    const found = loaded.flatMap((request) => (request ? [request.value] : []));
    const about = { ...deps, policy: deps.policy() };
    return { requests: await Promise.all(found.map((request) => loadShown(about, request))), refused };
  }

  return {
    follow: async (window, first) => {
      remember(window);
      const isOpen = await lock(window.viewId, () => put(window, first));
      // The state may have changed during the call.
      return isOpen && draw(window);
    },
    refresh: async (requestId) => {
      const window = open.get(requestId);
      if (window) await draw(window);
    },
    say: async (viewId, word) => {
      const window = [...open.values()].find((one) => one.viewId === viewId);
      return window !== undefined && draw(window, word);
    },
  };
}
