/** An answer of AWS that goes on and on ends at the deadline. */

import { afterEach, expect, test, vi } from 'vitest';
import { inTime } from '../../src/provisioners/aws/client.ts';
import { TARGET_DEADLINE } from '../../src/provisioners/provisioner.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('each request to AWS is given up at a target’s deadline, other options kept', async () => {
  const { signal } = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(signal);
  const handle = vi.fn(async () => ({ response: {} }));
  const client = { config: { requestHandler: { handle } } } as unknown as Parameters<typeof inTime>[0];
  const request = {} as Parameters<typeof client.config.requestHandler.handle>[0];
  expect(inTime(client)).toBe(client);
  await client.config.requestHandler.handle(request, { requestTimeout: 7 });
  await client.config.requestHandler.handle(request, {});
  expect(timeout.mock.calls).toEqual([[TARGET_DEADLINE], [TARGET_DEADLINE]]);
  expect(handle.mock.calls).toEqual([
    [request, { requestTimeout: 7, abortSignal: signal }],
    [request, { abortSignal: signal }],
  ]);
});
