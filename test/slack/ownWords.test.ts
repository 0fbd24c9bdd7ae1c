/** Somebody who holds a lot; and what is said where something fails. */

import type { KnownBlock } from '@slack/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LiveGrant } from '../../src/domain/grant.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { provisionGrant } from '../../src/lifecycle/grant/provisionGrant.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { messageBlocks, viewSchema } from '../../src/sandbox/slack/blockKit.ts';
import { adminModal } from '../../src/slack/features/admin/views.ts';
import { extend } from '../../src/slack/features/commands/extend.ts';
import { list } from '../../src/slack/features/commands/list.ts';
import { revoke } from '../../src/slack/features/commands/revoke.ts';
import type { Call } from '../../src/slack/kit/command.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { createClients } from '../../src/slack/link/clients.ts';
import { ERRORS } from '../../src/wording/errors.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { noWindows } from '../support/windows.ts';

const ANA = aPerson('U0ANA', 'Ana', 'ana@x.example');
const MANY = 28;
const roles = Array.from({ length: MANY }, (_, index) =>
  aRole({ id: `role${index}`, name: `Role ${index}`, rules: [{ effect: 'allow', when: [] }] }),
);
let flow: Flow;
let grants: LiveGrant[];
let said: { text: string; blocks: readonly KnownBlock[] }[];
beforeEach(async () => {
  flow = startFlow(aPolicy(aResource('db', 'Database', roles)));
  flow.people.set(ANA.slackId, ANA);
  said = [];
  grants = await holdAll();
});
afterEach(() => flow.close());

/** Asks for every role and gets it. */
async function holdAll(): Promise<LiveGrant[]> {
  for (const role of roles) {
    const { requests } = await submitRequest(flow.deps, {
      submissionKey: role.id,
      personId: ANA.slackId,
      roles: [`db/${role.id}`],
      duration: HOUR,
      reason: 'many things at once',
      incidentId: null,
      startsAt: null,
      factor: null,
    });
    for (const request of requests)
      if (request.state === 'approved') await provisionGrant(flow.deps, request.grantId, 1);
  }
  return (await flow.deps.store.liveGrants({})).map(({ value }) => value);
}

const call = (text: string): Call => ({
  deps: flow.deps,
  client: createClients({ token: 'xoxb-test', apiUrl: 'http://127.0.0.1:9/', log: flow.log }).interactive,
  search: { find: async () => [], ofRequest: async () => [], cardOf: async () => null, namesOf: async () => new Map() },
  windows: noWindows,
  showHome: async () => undefined,
  personId: ANA.slackId,
  triggerId: 't',
  callId: 'c',
  text,
  tell: async (words, blocks = []) => void said.push({ text: words, blocks }),
});

test.each([
  ['list', list],
  ['revoke', revoke],
  ['extend', extend],
])('with 28 active grants, /jit %s shows what fits and names the others', async (_name, command) => {
  await command.run(call(''));
  const blocks = said[0]?.blocks ?? [];
  expect(messageBlocks.safeParse(blocks).error?.issues).toBeUndefined();
  const shown = JSON.stringify(blocks);
  expect(shown).toContain('and 13 more');
  for (const role of roles) expect(shown).toMatch(new RegExp(`${role.name}\\b|db/${role.id}\\b`));
});

test('one of 28 active grants can be ended by its name', async () => {
  await revoke.run(call('db/role27'));
  expect(said[0]?.text).toContain('Ending your access to *Database (Role 27)* now');
});

test('the button that ends all that is shown counts and ends just that', () => {
  const modal = adminModal(flow.deps.policy, { word: null, freeze: null, grants, requests: [] });
  expect(viewSchema.safeParse(modal).error?.issues).toBeUndefined();
  const text = JSON.stringify(modal);
  expect(text).toContain('End all 20 shown');
  expect(text).toContain('and 8 more');
  const value = grants
    .slice(0, 20)
    .map(({ id }) => id)
    .join(' ');
  expect(text).toContain(`"value":"${value}"`);
});

test('"Nothing was requested" is said only where something was asked', () => {
  const { notRequested, ...others } = ERRORS;
  expect(drawn(notRequested)).toContain('nothing was requested');
  for (const words of Object.values(others)) expect(drawn(words)).not.toContain('nothing was requested');
  const own = [list, revoke, extend].map(({ failed }) => failed);
  expect(new Set(own).size).toBe(own.length);
  expect(revoke.failed).toMatch(/access is still active.*\/jit revoke.*\/jit admin/);
});
