import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../domain/text.ts';

/**
 * Evaluates a compiled policy in a thread of its own, so that a policy that does not end can be stopped and blocks
 * nothing.
 */
// Loaded as CommonJS: as an ES module, the package exports something else than its types say.
const { loadPolicySync } = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
) as typeof import('@open-policy-agent/opa-wasm');

const { file } = workerData as { file: string };
const policy = loadPolicySync(readFileSync(file));

parentPort?.on('message', ({ input, entrypoint }: { input: unknown; entrypoint: string | null }) => {
  try {
    const results: { result?: unknown }[] = policy.evaluate(input, ...(entrypoint === null ? [] : [entrypoint]));
    parentPort?.postMessage({ said: results[0]?.result });
  } catch (error) {
    // The library also throws plain strings.
    parentPort?.postMessage({ problem: errorText(error) });
  }
});
