import { describe, expect, test } from 'vitest';
import { type Observed, readiness } from '../../src/app/readiness.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import type { Overview } from '../../src/ports/overview.ts';
import { NOON } from '../support/domain.ts';

const overview = (more: Partial<Overview> = {}): Overview => ({
  live: {},
  overdue: null,
  pending: [],
  due: [],
  retried: 0,
  canary: null,
  auditBehind: null,
  newestSeq: 1,
  frozenSince: null,
  drain: null,
  lastBeat: NOON,
  lastAnchor: null,
  ...more,
});
const problemsOf = (more: Partial<Observed> = {}) =>
  readiness({ now: NOON, overview: overview(), isLedgerChecked: true, isSlackConnected: true, ...more }).flatMap(
    ({ name, problem }) => (problem === null ? [] : [`${name}: ${problem}`]),
  );

describe('ready', () => {
  test('is a bot with a checked ledger that writes, is connected and has nothing due', () => {
    expect(problemsOf()).toEqual([]);
  });

  test('is not one whose ledger is still being checked', () => {
    expect(problemsOf({ isLedgerChecked: false })).toEqual(['ledger: it is still being checked']);
  });

  test('is not one without a connection to Slack', () => {
    expect(problemsOf({ isSlackConnected: false })).toEqual(['slack: the bot is not connected to Slack']);
  });

  test('is not one whose database cannot be read', () => {
    expect(problemsOf({ overview: null })).toEqual(['database: it cannot be read']);
  });

  test('is not one that has written nothing for two and a half minutes', () => {
    expect(problemsOf({ now: NOON + 150 * SECOND })).toEqual([]);
    expect(problemsOf({ now: NOON + 150 * SECOND + 1 })).toEqual([
      'database: nothing was written since 2026-01-15T12:00:00.000Z',
    ]);
  });

  test('is not one that has never written', () => {
    expect(problemsOf({ overview: overview({ lastBeat: 0 }) })).toEqual(['database: nothing was written yet']);
  });

  test('is not one whose end has been due for more than a minute without being taken', () => {
    const due = [{ kind: 'end', count: 1, since: NOON - MINUTE }] as const;
    expect(problemsOf({ overview: overview({ due }) })).toEqual([]);
    expect(problemsOf({ now: NOON + 1, overview: overview({ due }) })).toEqual([
      'due_work: work has been due since 2026-01-15T11:59:00.000Z',
    ]);
  });

  test('is not one whose grants do not move', () => {
    const due = [{ kind: 'provision', count: 3, since: NOON - 2 * MINUTE }] as const;
    expect(problemsOf({ overview: overview({ due }) })).toHaveLength(1);
  });

  test('is not one whose oldest work does not move', () => {
    const due = [
      { kind: 'end', count: 1, since: NOON - 5 * MINUTE },
      { kind: 'provision', count: 1, since: NOON },
    ] as const;
    expect(problemsOf({ overview: overview({ due }) })).toEqual([
      'due_work: work has been due since 2026-01-15T11:55:00.000Z',
    ]);
  });

  test('is one whose messages are late: metrics tell that', () => {
    const due = [{ kind: 'card', count: 3, since: NOON - 10 * MINUTE }] as const;
    expect(problemsOf({ overview: overview({ due }) })).toEqual([]);
  });
});
