import { describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { entriesOf } from '../../src/lifecycle/auditEntries.ts';
import { everyEvent } from '../support/everyEvent.ts';

const all = everyEvent();
const submitted = all.find(({ type, requestId }) => type === 'request.submitted' && requestId !== null);
const loaded = all.find(({ type, requestId }) => type === 'policy.loaded' && requestId === null);
if (!submitted || !loaded) throw new Error('no such events');

const of = (requestId: string, seq: number): LedgerEvent => ({ ...submitted, requestId, seq });
const alone = (seq: number): LedgerEvent => ({ ...loaded, seq });
const asked: string[] = [];
const search = {
  ofRequest: async (requestId: string) => {
    asked.push(requestId);
    return requestId === 'R0'
      ? []
      : [of(requestId, 1), { ...of(requestId, 2), type: 'request.cancelled' } as LedgerEvent];
  },
};
const shapes = async (found: readonly LedgerEvent[], most = 20) =>
  (await entriesOf(found, search, most)).map(
    ({ story, events }) => `${story?.requestId ?? 'alone'} ${events.map(({ seq }) => seq)}`,
  );

describe('an answer from the ledger', () => {
  test('has each request once, whole, at its last event', async () => {
    expect(await shapes([of('R1', 1), of('R2', 3), alone(4), of('R1', 5)])).toEqual(['R2 1,2', 'alone 4', 'R1 1,2']);
  });

  test('has the newest, and reads no more than those', async () => {
    asked.length = 0;
    expect(await shapes([of('R1', 1), of('R2', 2), of('R3', 3)], 2)).toEqual(['R2 1,2', 'R3 1,2']);
    expect(asked).toEqual(['R3', 'R2']);
  });

  test('shows an event whose request cannot be read by itself', async () => {
    expect(await shapes([of('R0', 9)])).toEqual(['alone 9']);
  });

  test('shows the events of a request that somebody changed', async () => {
    const bent = { ofRequest: async () => [{ ...submitted, payload: null } as unknown as LedgerEvent] };
    const [entry] = await entriesOf([of('R1', 1)], bent, 1);
    expect(entry).toMatchObject({ story: null, events: [{ payload: null }] });
  });
});
