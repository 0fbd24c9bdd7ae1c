import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlarmKind } from '../../src/domain/alarm.ts';
import { type Alarms, createAlarms } from '../../src/lifecycle/health/alarms.ts';
import { StorageError } from '../../src/ports/store.ts';
import { newsOf } from '../../src/slack/outbox/toOthers.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

const ROLES = 'read: { grants: { level: reader }, duration: { max: 4h }, rules: [{ allow: { members_of: [S0ALL] } }] }';
const FULL: ReadonlyMap<AlarmKind, string> = new Map([['disk', '12 MB are free']]);
const NONE: ReadonlyMap<AlarmKind, string> = new Map();

let flow: Flow;
let alarms: Alarms;
let told: string[];
let paged: string[];
let refuses: boolean;
let isSlackDown: boolean;
beforeEach(() => {
  [told, paged, refuses, isSlackDown] = [[], [], false, false];
  set('alarms: { page: PSVC }');
});
afterEach(() => flow.close());

function set(more: string): void {
  flow = aFlow({ roles: `      ${ROLES}`, more });
  flow.reload((source) => source.replace('admins: [U0EVE]', 'admins: [U0EVE, U0DEV]'));
  const deps = {
    ...flow.deps,
    get policy() {
      return flow.deps.policy;
    },
    incidents: {
      ...flow.deps.incidents,
      page: async ({ service, title, key }: { service: string; title: string; key: string }) => {
        if (refuses) throw new Error('no answer');
        paged.push(`${service} ${title} ${key}`);
      },
      resolve: async (key: string) => void paged.push(`resolved ${key}`),
    },
  };
  alarms = createAlarms(deps, {
    tell: async (slackId, { alarm, problem }) => {
      if (isSlackDown) throw new Error('no answer');
      told.push(`${slackId} ${alarm}: ${problem}`);
    },
  });
}
/** Whom messages that follow from the record go to. */
const messages = () =>
  flow
    .events()
    .flatMap((event) => newsOf(event, flow.deps.policy, String))
    .map(({ to }) => (to.kind === 'person' ? to.slackId : to.kind));
const recorded = () =>
  flow.events().flatMap(({ type, payload }) => (type.startsWith('alarm.') ? [{ type, ...payload }] : []));

describe('an alarm', () => {
  test('is recorded once, with whom it pages and tells', async () => {
    await alarms.sound(FULL);
    await alarms.sound(FULL);
    expect(recorded()).toEqual([
      {
        type: 'alarm.raised',
        alarm: 'disk',
        problem: '12 MB are free',
        since: flow.clock.now(),
        page: 'PSVC',
        to: [
          { slackId: 'U0EVE', name: 'Eve' },
          { slackId: 'U0DEV', name: 'Dev' },
        ],
      },
    ]);
    expect(flow.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('stays raised over a restart, and is not raised again', async () => {
    await alarms.sound(FULL);
    const restarted = createAlarms(flow.deps, { tell: async () => undefined });
    await restarted.sound(FULL);
    expect(recorded()).toHaveLength(1);
  });

  test('that is over is recorded with its beginning, and can be raised again', async () => {
    await alarms.sound(FULL);
    const since = flow.clock.now();
    flow.clock.advance(60_000);
    await alarms.sound(NONE);
    await alarms.sound(NONE);
    await alarms.sound(FULL);
    expect(recorded().map(({ type }) => type)).toEqual(['alarm.raised', 'alarm.ended', 'alarm.raised']);
    expect(recorded()[1]).toMatchObject({ alarm: 'disk', problem: '12 MB are free', since });
    expect(recorded()[1]).toMatchObject({ to: [{ name: 'Eve' }, { name: 'Dev' }] });
  });

  test('of one kind is raised and ended without the others', async () => {
    await alarms.sound(new Map([...FULL, ['clock', 'it is 90 s behind'] as const]));
    await alarms.sound(FULL);
    expect(recorded().map((event) => `${event.type} ${'alarm' in event ? event.alarm : ''}`)).toEqual([
      'alarm.raised disk',
      'alarm.raised clock',
      'alarm.ended clock',
    ]);
  });

  test('pages nobody where the policy says nobody', async () => {
    flow.close();
    set('');
    await alarms.sound(FULL);
    expect(recorded()).toMatchObject([{ page: null }]);
  });
});

describe('an alarm while the database cannot be written', () => {
  const broken = (work: () => Promise<void>) => {
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    return work();
  };

  test('pages and tells all the same, once', async () => {
    await broken(() => alarms.sound(FULL));
    await alarms.sound(FULL).catch(() => undefined);
    expect(told).toEqual(['U0EVE disk: 12 MB are free', 'U0DEV disk: 12 MB are free']);
    expect(paged[0]).toMatch(/^PSVC jitbot: the disk is nearly full jitbot-alarm-disk-/);
    expect(paged.filter((line) => line.startsWith('PSVC'))).toHaveLength(1);
  });

  test('pages and tells nobody again while it still cannot be recorded', async () => {
    await broken(() => alarms.sound(FULL));
    await broken(() => alarms.sound(FULL));
    expect([told.length, paged.length]).toEqual([2, 1]);
  });

  test('pages as soon as PagerDuty answers, and tells nobody again', async () => {
    refuses = true;
    await broken(() => alarms.sound(FULL));
    expect([told.length, paged.length]).toEqual([2, 0]);
    refuses = false;
    await broken(() => alarms.sound(FULL));
    await broken(() => alarms.sound(FULL));
    expect([told.length, paged.length]).toEqual([2, 1]);
  });

  test('tells people as soon as Slack answers, and pages nobody again', async () => {
    isSlackDown = true;
    await broken(() => alarms.sound(FULL));
    expect([told.length, paged.length]).toEqual([0, 1]);
    isSlackDown = false;
    await broken(() => alarms.sound(FULL));
    await broken(() => alarms.sound(FULL));
    expect([told.length, paged.length]).toEqual([2, 1]);
  });

  test('tells people also where PagerDuty does not answer', async () => {
    refuses = true;
    await broken(() => alarms.sound(FULL));
    expect(told).toHaveLength(2);
  });

  test('is recorded when it can be, and nobody is told or paged a second time', async () => {
    await broken(() => alarms.sound(FULL));
    const since = flow.clock.now();
    flow.clock.advance(60_000);
    await alarms.sound(FULL);
    expect(recorded()).toMatchObject([
      { type: 'alarm.raised', since, page: null, to: [{ name: 'Eve' }, { name: 'Dev' }] },
    ]);
    expect(messages()).toEqual([]);
    await alarms.sound(NONE);
    expect(paged).toEqual([expect.stringMatching(/^PSVC/), expect.stringMatching(/^resolved jitbot-alarm-disk-/)]);
  });

  test('tells and pages those who could not be reached before, once it is recorded', async () => {
    [refuses, isSlackDown] = [true, true];
    await broken(() => alarms.sound(FULL));
    await alarms.sound(FULL);
    expect(recorded()).toMatchObject([{ page: 'PSVC' }]);
    expect(messages()).toEqual(['U0EVE', 'U0DEV']);
  });

  test('is over when it can be recorded, and its page is resolved', async () => {
    await broken(() => alarms.sound(FULL));
    const since = flow.clock.now();
    flow.clock.advance(60_000);
    await alarms.sound(NONE);
    expect(recorded()).toMatchObject([{ type: 'alarm.ended', since, to: [{ name: 'Eve' }, { name: 'Dev' }] }]);
    expect(paged[1]).toMatch(/^resolved jitbot-alarm-disk-/);
    await alarms.sound(NONE);
    expect(recorded()).toHaveLength(1);
  });
});
