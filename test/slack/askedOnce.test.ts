/** Slack lets the bot ask about a hundred people a minute: whoever asks in one line is looked up once. */

import { expect, onTestFinished, test } from 'vitest';
import { request } from '../../src/slack/features/commands/request.ts';
import { createClients } from '../../src/slack/link/clients.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, startFlow } from '../support/flow.ts';
import { noWindows } from '../support/windows.ts';

test('a request in one line asks Slack once who somebody is', async () => {
  const flow = startFlow(aPolicy(aResource('db', 'Database', [aRole({ rules: [{ effect: 'allow', when: [] }] })])));
  onTestFinished(() => flow.close());
  flow.people.set('U0ANA', aPerson('U0ANA', 'Ana', 'ana@x.example'));
  const asked: string[] = [];
  const directory: typeof flow.deps.directory = {
    ...flow.deps.directory,
    person: (slackId) => {
      asked.push(slackId);
      return flow.deps.directory.person(slackId);
    },
  };
  const said: string[] = [];
  await request.run({
    deps: { ...flow.deps, directory },
    client: createClients({ token: 'xoxb-test', apiUrl: 'http://127.0.0.1:9/', log: flow.log }).interactive,
    search: {
      find: async () => [],
      ofRequest: async () => [],
      cardOf: async () => null,
      namesOf: async () => new Map(),
    },
    windows: noWindows,
    showHome: async () => undefined,
    personId: 'U0ANA',
    triggerId: 't',
    callId: 'c',
    text: 'db 30m the disk is full',
    tell: async (words) => void said.push(words),
  });
  expect(flow.events().map(({ type }) => type)).toContain('request.approved');
  expect(asked).toEqual(['U0ANA']);
});
