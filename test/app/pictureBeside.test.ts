import { expect, test } from 'vitest';
import { weekPictureBeside } from '../../src/app/pictureBeside.ts';

test('the week is drawn as a PNG while the event loop turns', async () => {
  let turns = 0;
  const looking = setInterval(() => {
    turns += 1;
  }, 1);
  const perDay = [{ day: '2026-01-05', approval: 'automatic', count: 3 }] as const;
  const png = await weekPictureBeside({ perDay });
  clearInterval(looking);
  expect(Buffer.from(png).subarray(1, 4).toString()).toBe('PNG');
  expect(turns).toBeGreaterThan(2);
});
