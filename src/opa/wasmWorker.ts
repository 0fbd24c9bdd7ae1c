import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Evaluates a compiled policy in a thread of its own: a policy that does not come to an end is ended from
 * outside, and holds up nobody.
 */
const { loadPolicySync } = createRequire(import.meta.url)('@open-policy-agent/opa-wasm') as {
  loadPolicySync(wasm: Uint8Array): { evaluate(input: unknown, entrypoint?: string): unknown };
};

const { file } = workerData as { file: string };
const policy = loadPolicySync(readFileSync(file));

parentPort?.on('message', ({ input, entrypoint }: { input: unknown; entrypoint: string | null }) => {
  try {
    const results = policy.evaluate(input, ...(entrypoint === null ? [] : [entrypoint])) as { result?: unknown }[];
    parentPort?.postMessage({ said: results[0]?.result });
  } catch (error) {
    // The library throws plain strings too.
    parentPort?.postMessage({ problem: error instanceof Error ? error.message : String(error) });
  }
});
