import { beforeEach, expect, test } from 'vitest';
import { limitTargets } from '../../src/app/flow.ts';
import { LOOK_CONCURRENCY, TARGET_CONCURRENCY } from '../../src/app/lanes.ts';

const called: string[] = [];
const hangs = (what: string) => () => {
  called.push(what);
  return new Promise<never>(() => undefined);
};
const limited = () => limitTargets({ grant: hangs('grant'), revoke: hangs('revoke'), isActive: hangs('isActive') });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const calls = (what: string) => called.filter((one) => one === what).length;
beforeEach(() => void called.splice(0));

test('however many grants a target keeps waiting, access is taken back in time', async () => {
  const targets = limited();
  for (let count = 0; count <= TARGET_CONCURRENCY; count += 1) void targets.grant();
  void targets.revoke();
  await turn();
  expect([calls('grant'), calls('revoke')]).toEqual([TARGET_CONCURRENCY, 1]);
});

test('hundreds of ends at once ask a slow target no more than it can answer', async () => {
  const targets = limited();
  for (let count = 0; count < 200; count += 1) {
    void targets.revoke();
    void targets.isActive();
  }
  await turn();
  expect([calls('revoke'), calls('isActive')]).toEqual([TARGET_CONCURRENCY, LOOK_CONCURRENCY]);
});
