import { describe, expect, test } from 'vitest';
import type { Handlers } from '../../src/app/lanes.ts';
import { idsIn, inLogScope, scopedHandlers, scopedLog } from '../../src/app/logScope.ts';
import { JOBS, type JobKind } from '../../src/ports/jobs.ts';
import { StorageError } from '../../src/ports/store.ts';
import { anActiveGrant } from '../support/domain.ts';
import { everyEvent } from '../support/everyEvent.ts';
import { recordedLog } from '../support/log.ts';

const GRANT = { ...anActiveGrant(), id: 'G1', requestId: 'R1' };
const aboutGrant = everyEvent().find(({ type }) => type === 'grant.activated');

/** What a line carries that is written while a job of this kind is done. */
async function carried(kind: JobKind, key: string, problem?: Error): Promise<object | undefined> {
  const log = recordedLog();
  const scoped = scopedLog(log);
  const handle = async () => {
    scoped.info({ own: 1 }, 'done');
    return null;
  };
  const handlers = Object.fromEntries(Object.keys(JOBS).map((one) => [one, handle])) as unknown as Handlers;
  const read = async <T>(value: T): Promise<T> => {
    if (problem) throw problem;
    return value;
  };
  const sources = {
    store: { grant: (id: string) => read(id === 'G1' ? { value: GRANT, version: 1 } : null) },
    events: { get: (seq: number) => read(seq === 7 ? (aboutGrant ?? null) : null) },
  };
  await scopedHandlers(handlers, sources)[kind](key, 1);
  return log.lines[0]?.facts;
}

describe('a line in the log', () => {
  test('about work on a grant names the grant and its request', async () => {
    expect(await carried('end', 'G1')).toEqual({ own: 1, grantId: 'G1', requestId: 'R1' });
  });

  test('about work on a missing grant names it all the same', async () => {
    expect(await carried('end', 'G2')).toEqual({ own: 1, grantId: 'G2' });
  });

  test('about work on a request or a step of it names the request', async () => {
    expect(await carried('expire', 'R5')).toEqual({ own: 1, requestId: 'R5' });
    expect(await carried('escalate', 'R5:2')).toEqual({ own: 1, requestId: 'R5' });
  });

  test('about work that follows an event names what the event is about', async () => {
    const { requestId, grantId } = aboutGrant ?? {};
    expect(await carried('notify', '7')).toEqual({ own: 1, requestId, grantId });
    expect(await carried('notify', '8')).toEqual({ own: 1 });
  });

  test('about work for nobody in particular names nothing', async () => {
    expect(await carried('sweep', 'everybody')).toEqual({ own: 1 });
  });

  test('is also written while the database cannot be read', async () => {
    expect(await carried('end', 'G1', new StorageError('locked'))).toEqual({ own: 1, grantId: 'G1' });
    await expect(carried('end', 'G1', new TypeError('a fault'))).rejects.toThrow('a fault');
  });

  test('that has the kind and key of a job names its grant', () => {
    const log = recordedLog();
    scopedLog(log).warn({ kind: 'end', key: 'G1' }, 'a job failed');
    scopedLog(log).warn({ kind: 'nothing', key: 'G1' }, 'another kind');
    expect(log.lines.map(({ facts }) => facts)).toEqual([
      { grantId: 'G1', kind: 'end', key: 'G1' },
      { kind: 'nothing', key: 'G1' },
    ]);
  });

  test('keeps its own facts beside those of its scopes', () => {
    const log = recordedLog();
    inLogScope({ a: '1', b: '1' }, () => inLogScope({ b: '2' }, () => scopedLog(log).error({ a: 'own' }, 'x')));
    scopedLog(log).info({}, 'outside');
    expect(log.lines.map(({ facts }) => facts)).toEqual([{ a: 'own', b: '2' }, {}]);
  });
});

test('ids are found in what a button or a form carries', () => {
  expect(idsIn('["R0123456789 G0123456789 G1111111111"]')).toEqual({
    requestId: 'R0123456789',
    grantId: 'G0123456789',
  });
  expect(idsIn('["U0123456789", "R0123"]')).toEqual({});
});
