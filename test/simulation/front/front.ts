import type { WebClient } from '@slack/web-api';
import type { Flow } from '../../../src/app/flow.ts';
import { eventSearch } from '../../../src/ledger/history/search.ts';
import type { OpenLedger } from '../../../src/ledger/sqlite/open.ts';
import { createPeople } from '../../../src/sandbox/slack/people/createPeople.ts';
import { createResponses } from '../../../src/sandbox/slack/responses.ts';
import { createSlackApp } from '../../../src/slack/app.ts';
import type { SlackDirectory } from '../../../src/slack/directory/directory.ts';
import { createHome } from '../../../src/slack/features/home/home.ts';
import type { Chance } from '../chance.ts';
import type { Outside } from '../outside.ts';
import type { Act } from '../people.ts';
import type { Wire } from '../wire.ts';
import { createLine } from './link.ts';
import { tampering } from './tamper.ts';
import { onSimulatedTime } from './timers.ts';
import { createWalk } from './walk.ts';

/** People in Slack's own apps: they see messages, forms and Home, and what they do reaches the bot's own listeners. */
export interface Front {
  /** Something that somebody does now with what is on their screen. */
  act(): Act;
  close(): void;
}

interface Parts {
  readonly flow: Flow;
  readonly client: WebClient;
  readonly directory: SlackDirectory;
  readonly ledger: OpenLedger;
  readonly outside: Outside;
  readonly wire: Wire;
  readonly chance: Chance;
  /** How often somebody does what makes sense. */
  readonly sense: number;
}

const BASE = 'http://nowhere';

export function createFront({ flow, client, directory, ledger, outside, wire, chance, sense }: Parts): Front {
  const { deps, posts, windows } = flow;
  const { workspace, triggers } = outside;
  const restore = onSimulatedTime(deps.clock);
  const responses = createResponses(workspace, () => BASE);
  const { connection, link } = createLine(chance, tampering(chance, outside, sense));
  const answerLater = (to: unknown, init?: { body?: unknown }) =>
    wire.call(
      'slack',
      'an answer afterwards',
      () => {
        const { status, body } = responses.use(String(to).slice(`${BASE}/response/`.length), String(init?.body ?? ''));
        return new Response(body, { status });
      },
      () => new TypeError('the connection was cut'),
    );
  Object.assign(globalThis, { fetch: answerLater });
  createSlackApp({
    context: { deps, client, search: eventSearch(ledger), windows, showHome: createHome(deps, client, posts).show },
    directory,
    onChanged: async (slackId) => {
      if ((await deps.store.liveGrants({ slackId })).length === 0) return;
      await deps.store.commit({ jobs: [{ kind: 'sweep', key: slackId, dueAt: deps.clock.now() }] });
    },
    connection,
    botToken: 'xoxb-simulated',
    apiUrl: `${BASE}/api/`,
    scope: (_body, work) => work(),
  });
  const unused = (): never => {
    throw new Error('there is no socket here');
  };
  const people = createPeople({
    workspace,
    triggers,
    responses,
    link: {
      ...link,
      doubleNext: unused,
      connect: unused,
      refresh: unused,
      dropAll: unused,
      sendFrame: unused,
      connections: () => 1,
      useHttp: unused,
    },
  });
  return { act: createWalk({ people, outside, chance, sense, now: deps.clock.now }), close: restore };
}
