import { describe, expect, onTestFinished, test } from 'vitest';
import { doubtIn } from '../../src/cli/ledgerDoubt.ts';
import { statusOf } from '../../src/cli/status.ts';
import type { NewEvent } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { openBeside } from '../../src/ledger/open/beside.ts';
import type { Overview } from '../../src/ports/overview.ts';
import { NOON } from '../support/domain.ts';
import { aFlow } from '../support/flowWorld.ts';

const overview = (more: Partial<Overview> = {}): Overview => ({
  live: { active: 2 },
  overdue: null,
  pending: [],
  due: [],
  retried: 0,
  canary: null,
  auditBehind: null,
  frozenSince: null,
  drain: null,
  newestSeq: 9,
  lastBeat: NOON,
  lastAnchor: null,
  ...more,
});
const look = (more: Partial<Overview> = {}, isRunning = true, now = NOON) =>
  statusOf(overview(more), { isRunning, now, ledgerDoubt: null });

describe('the status', () => {
  test('of a bot that works is that it is alive, and nothing else', () => {
    expect(look()).toMatchObject({ alive: true, problems: [], live: { active: 2 } });
  });

  test('without a bot says so', () => {
    expect(look({}, false)).toMatchObject({
      alive: false,
      problems: ['no bot runs on this database: nothing ends on time'],
    });
  });

  test('of a bot that writes nothing for more than two and a half minutes says so', () => {
    expect(look({}, true, NOON + 150 * SECOND)).toMatchObject({ alive: true, problems: [] });
    expect(look({}, true, NOON + 150 * SECOND + 1)).toMatchObject({
      alive: false,
      problems: ['the bot has written nothing for 3 min'],
    });
    expect(look({ lastBeat: 0 }).problems).toEqual(['the bot has never written the time down']);
  });

  test('names what keeps the ledger’s bot from granting', () => {
    const found = statusOf(overview(), { isRunning: true, now: NOON, ledgerDoubt: 'event 3 was changed' });
    expect(found.problems).toEqual(['nothing new is granted, because of the ledger: event 3 was changed']);
  });

  test('names what is overdue, and for how long', () => {
    expect(look({ overdue: { count: 2, since: NOON - HOUR } }).problems).toEqual([
      '2 grants are overdue, the oldest for 1 h',
    ]);
  });

  test('names ends that are more than two minutes late, and no other late work', () => {
    const due = [
      { kind: 'end', count: 3, since: NOON - 2 * MINUTE },
      { kind: 'card', count: 1, since: NOON - HOUR },
    ] as const;
    expect(look({ due }).problems).toEqual([]);
    expect(look({ due, lastBeat: NOON + 1 }, true, NOON + 1).problems).toEqual([
      '3 jobs of kind end are late, the oldest for 2 min',
    ]);
  });

  test('names a freeze that nobody carries out', () => {
    const due = [{ kind: 'freeze', count: 1, since: NOON - 3 * MINUTE }] as const;
    expect(look({ due }).problems).toEqual(['1 job of kind freeze is late, the oldest for 3 min']);
  });

  test('names a canary that failed, and none that passed or waits', () => {
    const canary = { role: 'db/read', every: HOUR, run: null, beganAt: NOON, held: null, heldAt: null };
    const last = { at: NOON - MINUTE, took: 3 * SECOND, problem: null };
    expect(look({ canary: { ...canary, last } }).problems).toEqual([]);
    expect(look({ canary: { ...canary, last: null, held: 'a freeze', heldAt: NOON } }).problems).toEqual([]);
    expect(look({ canary: { ...canary, last: { ...last, problem: 'it could not be given' } } }).problems).toEqual([
      'canary: db/read: it could not be given',
    ]);
  });

  test('names an audit channel that is more than ten minutes behind', () => {
    expect(look({ auditBehind: { count: 1, since: NOON - 10 * MINUTE } }).problems).toEqual([]);
    expect(look({ auditBehind: { count: 1, since: NOON - 10 * MINUTE - 1 } }).problems).toEqual([
      'the audit channel lacks 1 event, the oldest from 10 min ago',
    ]);
  });
});

test('damage that the bot found counts until the next start looks again', async () => {
  const flow = aFlow({
    roles: '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }',
  });
  onTestFinished(() => flow.close());
  const beside = await openBeside(flow.ledger.path);
  onTestFinished(() => beside.close());
  const doubt = () => doubtIn(beside);
  const happens = (
    event: Pick<NewEvent<'bot.started'>, 'type' | 'payload'> | Pick<NewEvent<'ledger.damaged'>, 'type' | 'payload'>,
  ) => flow.deps.store.commit({ events: [{ actor: BOT, requestId: null, grantId: null, ...event } as NewEvent] });
  const started = { type: 'bot.started', payload: { version: '1', after: 0 } } as const;
  await happens(started);
  await happens({ type: 'ledger.damaged', payload: { problem: 'an event is missing' } });
  expect(await doubt()).toBe('an event is missing');
  await happens(started);
  expect(await doubt()).toBeNull();
});
