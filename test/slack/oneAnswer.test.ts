/** One question, one answer: whatever surface is looked at, and what really happens. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const ADMIN = 'payments-db/admin';
const READ = 'payments-db/read';
let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;
const pagerDuty = () => stage.sandbox.pagerDuty;
/** Each as somebody reads it: what it says about a role. */
const SURFACES: Readonly<Record<string, (role: string) => Promise<string>>> = {
  form: async (role) => {
    const open = await stage.ana.fillRequest({ search: role.replace('-db/', ' '), role });
    return stage.viewText(open, 'U0ANA');
  },
  home: async (role) => {
    const home = await stage.ana.home('You could ask for');
    return lineAbout(role, stage.viewText(home, 'U0ANA'));
  },
  oncall: async (role) => {
    await stage.ana.jit('oncall');
    return lineAbout(role, stage.text(await stage.ana.told('What you can ask for now'), 'U0ANA'));
  },
};
const lineAbout = (role: string, text: string) =>
  text
    .slice(text.indexOf('can ask for now') + text.indexOf('You could ask for') + 1)
    .split('\n')
    .filter((line) => line.includes(`Payments database (${role.split('/')[1]})`))
    .join('\n');
const AUTOMATIC = /(?<!not )automatic(?! \(not)/i;

describe.each(Object.keys(SURFACES))('on call with one open incident, the %s', (surface) => {
  const say = (role: string) => SURFACES[surface]?.(role) ?? Promise.reject(new Error(surface));

  test.each([READ, ADMIN])('says automatic for %s, as the one-line request does', async (role) => {
    expect(await say(role)).toMatch(AUTOMATIC);
    await stage.ana.jit(`request ${role.replace('/', ' ')} 30m INC-4711 stuck payments`);
    await stage.ana.told('Approved.');
    const submitted = await stage.recorded('request.submitted');
    expect(submitted.payload.decision.effect).toBe('allow');
    expect(submitted.payload.incidentId).toBe('PINC4711');
  });

  test('says who decides without an incident, as the one-line request does', async () => {
    for (const incident of pagerDuty().account.incidents) incident.status = 'resolved';
    expect(await say(ADMIN)).toMatch(/needs 2 approvals/i);
    await stage.ana.jit('request payments admin 30m INC-4711 stuck payments');
    await stage.ana.told('Needs 2 approvals');
  });

  test('a role that is already active is not offered as automatic', async () => {
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    expect(await say(READ)).not.toMatch(AUTOMATIC);
    await stage.ana.jit('request payments read 30m stuck payments');
    await stage.ana.told('already active');
  });

  test('a role that is already requested is not offered again', async () => {
    for (const incident of pagerDuty().account.incidents) incident.status = 'resolved';
    await stage.ana.jit('request payments admin 30m INC-4711 stuck payments');
    await stage.ana.told('Needs 2 approvals');
    expect(await say(ADMIN)).not.toMatch(/needs 2 approvals/i);
  });

  test('nothing is offered while everything is frozen', async () => {
    await stage.eve.jit('admin freeze A token has leaked');
    await stage.eve.told('Frozen.');
    expect(await say(READ)).not.toMatch(AUTOMATIC);
  });

  test('PagerDuty down is said before and after, with the reason', async () => {
    pagerDuty().faults.add({ kind: 'error_500' });
    expect(await say(READ)).toMatch(/PagerDuty answered with 500/);
    await stage.ana.jit('request payments read 30m stuck payments');
    const answer = stage.text(await stage.ana.told('Needs approval'), 'U0ANA');
    expect(answer).toMatch(/Not automatic: PagerDuty answered with 500/);
  });
});

test('with PagerDuty down after the preview, the answer says what changed', async () => {
  const form = await stage.ana.fillRequest({ search: 'payments read', role: READ, reason: 'Stuck payments' });
  expect(stage.viewText(form, 'U0ANA')).toMatch(AUTOMATIC);
  pagerDuty().faults.add({ kind: 'error_500' });
  const answer = stage.viewText(await stage.ana.submit(form), 'U0ANA');
  expect(answer).toMatch(/Needs approval.*\n?.*Not automatic: PagerDuty answered with 500/);
});

describe('break-glass', () => {
  test('is automatic for those allowed, by the line as by the form', async () => {
    await stage.ben.jit('break-glass payments admin 20m');
    await stage.ben.sees('your use is reviewed afterwards');
    for (let top = people().topView('U0BEN'); top; top = people().topView('U0BEN')) people().close(top);
    await stage.ben.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.ben.told('Break-glass: I’m setting up your access now');
  });

  test('somebody who may not is told so in the form, too', async () => {
    await stage.chloe.jit('break-glass payments admin 20m');
    await stage.chloe.sees('You cannot use break-glass');
    await stage.chloe.jit('break-glass payments admin 20m Checkout is down for everybody');
    await stage.chloe.told('You cannot use break-glass');
  });

  test('the rules allow it for the one open incident: line and form ask ordinarily', async () => {
    const named = (source: string) =>
      source.replace('members_of: [S0SRE], max: 30m', 'members_of: [S0SRE, U0ANA], max: 30m');
    await stage.restart({ policy: named });
    await stage.ana.jit('break-glass payments admin 20m');
    await stage.ana.sees('Automatic');
    await stage.ana.jit('break-glass payments admin 20m INC-4711 Checkout is down');
    await stage.ana.told('Approved.');
    expect((await stage.recorded('request.submitted')).payload.decision.effect).toBe('allow');
  });
});

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const importing = (name: RegExp) =>
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => name.test(readFileSync(join(SRC, file), 'utf8')))
    .sort();

test('only one place of the flow calls the evaluator', () => {
  expect(importing(/\bevaluatePolicy\b/)).toEqual([
    'cli/policy/replay.ts',
    'cli/policy/test.ts',
    'domain/evaluate.ts',
    'domain/explain.ts',
    'domain/policyDiff.ts',
    'lifecycle/request/decide.ts',
  ]);
});

test('only the outlook and the deciders decide at all', () => {
  expect(importing(/import \{[^}]*\bdecide\b[^}]*\} from '[^']*decide\.ts'/)).toEqual([
    'lifecycle/breakGlass/breakGlass.ts',
    'lifecycle/grant/extendGrant.ts',
    'lifecycle/grant/provisionGrant.ts',
    'lifecycle/request/outlook.ts',
    'lifecycle/request/startRequest.ts',
    'lifecycle/review/reapproval.ts',
    'lifecycle/review/reviewRequest.ts',
  ]);
});
