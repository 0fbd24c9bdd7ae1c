import { expect, test } from 'vitest';
import { limitTargets } from '../../src/app/flow.ts';
import { TARGET_CONCURRENCY } from '../../src/app/lanes.ts';

test('however many grants a target keeps waiting, access is taken back at once', async () => {
  const called: string[] = [];
  const hangs = (what: string) => () => {
    called.push(what);
    return new Promise<never>(() => undefined);
  };
  const targets = limitTargets({ grant: hangs('grant'), revoke: hangs('revoke') });
  for (let count = 0; count <= TARGET_CONCURRENCY; count += 1) void targets.grant();
  void targets.revoke();
  await new Promise((resolve) => setImmediate(resolve));
  expect(called.filter((what) => what === 'grant')).toHaveLength(TARGET_CONCURRENCY);
  expect(called).toContain('revoke');
});
