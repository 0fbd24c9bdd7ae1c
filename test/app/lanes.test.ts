/** What is waited for before work is taken. */

import { describe, expect, test } from 'vitest';
import { type Gates, type Handlers, lanesOf } from '../../src/app/lanes.ts';
import { JOBS, type JobKind } from '../../src/ports/jobs.ts';
import { settled } from '../support/disturbed.ts';

const KINDS = Object.keys(JOBS) as JobKind[];
const GATES = ['started', 'checked', 'compared'] as const;
const handlers = KINDS.reduce((all, kind) => Object.assign(all, { [kind]: async () => null }), {} as Handlers);

/** The kinds whose lanes take work when only these gates are open. */
async function takenWhenOpen(open: readonly (keyof Gates)[]): Promise<string[]> {
  const gate = (name: keyof Gates) => (open.includes(name) ? Promise.resolve() : new Promise<void>(() => undefined));
  const gates = { started: gate('started'), checked: gate('checked'), compared: gate('compared') };
  const taken: string[] = [];
  for (const { after, kinds } of lanesOf(handlers, gates)) void after?.then(() => taken.push(...Object.keys(kinds)));
  await settled();
  return taken.toSorted();
}
const kindsIn = (...lanes: readonly string[]) => KINDS.filter((kind) => lanes.includes(JOBS[kind].lane)).toSorted();

describe('work', () => {
  test('of every kind is taken when everything is fine', async () => {
    expect(await takenWhenOpen(GATES)).toEqual(KINDS.toSorted());
  });

  test('that gives access waits for each of record, look and comparison', async () => {
    for (const missing of GATES) {
      const taken = await takenWhenOpen(GATES.filter((gate) => gate !== missing));
      for (const kind of kindsIn('giving')) expect(taken).not.toContain(kind);
    }
  });

  test('that takes access back waits for the record of the start alone', async () => {
    expect(await takenWhenOpen(['started'])).toEqual(KINDS.filter((kind) => JOBS[kind].lane !== 'giving').toSorted());
    expect(kindsIn('ending')).toEqual(['end', 'expire', 'freeze']);
  });

  test('of no kind is taken before the start is recorded', async () => {
    expect(await takenWhenOpen(['checked', 'compared'])).toEqual([]);
  });
});
