import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { OpaTarget } from '../domain/policy.ts';
import { type Millis, SECOND, unknown } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import type { Log } from '../ports/host.ts';
import type { PolicyEngine } from '../ports/policy.ts';
import { readAnswer } from './answer.ts';
import { inputDocument } from './document.ts';

/** A compiled policy answers in microseconds. One that takes this long does not end. */
const WASM_TIMEOUT: Millis = SECOND;
/** The published package has no TypeScript. */
const WORKER = new URL(`wasmWorker${extname(import.meta.url)}`, import.meta.url);

/**
 * Asks Open Policy Agent, over its REST API or as a compiled policy. If it is down, slow or invalid, the answer is "not
 * known".
 */
export function createPolicyEngine(options: {
  log: Log;
  directory: string;
}): PolicyEngine & { close(): Promise<void> } {
  const { log, directory } = options;
  const modules = new Map<string, WasmModule>();

  async function ask(target: OpaTarget, input: unknown): Promise<unknown> {
    if (target.kind === 'rest') return askServer(target, input);
    const file = resolve(directory, target.file);
    const module = modules.get(file) ?? wasmModule(file);
    modules.set(file, module);
    return module.evaluate(input, target.entrypoint);
  }

  return {
    ask: async (target, question) => {
      try {
        return readAnswer(await ask(target, inputDocument(question)));
      } catch (error) {
        const problem = errorText(error);
        log.warn({ err: error, role: question.role }, 'Open Policy Agent did not answer');
        return unknown(`Open Policy Agent did not answer: ${problem}`);
      }
    },
    close: async () => {
      await Promise.all([...modules.values()].map((module) => module.close()));
    },
  };
}

type RestTarget = Extract<OpaTarget, { kind: 'rest' }>;

/** `POST /v1/data/PATH`, through the maintained client, which is loaded when a policy first uses it. */
async function askServer({ url, path, timeout }: RestTarget, input: unknown): Promise<unknown> {
  const { OPAClient } = await import('@open-policy-agent/opa');
  const client = new OPAClient(url, { sdk: { retryConfig: { strategy: 'none' } } });
  return withDeadline(timeout, (signal) =>
    client.evaluate(path, input as Parameters<typeof client.evaluate>[1], { fetchOptions: { signal } }),
  );
}

/** Has a timeout of its own, and does not rely on that of the client. */
async function withDeadline<T>(timeout: Millis, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(timeout);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeout} ms`)), { once: true });
  });
  return Promise.race([work(signal), late]);
}

interface WasmModule {
  evaluate(input: unknown, entrypoint: string | null): Promise<unknown>;
  close(): Promise<void>;
}

/** One thread for each file, which is reloaded when it changes. Questions are asked one at a time. */
function wasmModule(file: string): WasmModule {
  let running: { worker: Worker; loaded: number } | null = null;
  let before: Promise<unknown> = Promise.resolve();

  const stop = async () => {
    await running?.worker.terminate();
    running = null;
  };

  async function one(input: unknown, entrypoint: string | null): Promise<unknown> {
    const changed = statSync(file).mtimeMs;
    if (running?.loaded !== changed) await stop();
    running ??= {
      worker: new Worker(WORKER, { workerData: { file } }),
      loaded: changed,
    };
    const { worker } = running;
    worker.unref();
    try {
      return await answerOf(worker, { input, entrypoint });
    } catch (error) {
      await stop();
      throw error;
    }
  }

  return {
    evaluate: (input, entrypoint) => {
      const mine = before.then(() => one(input, entrypoint));
      before = mine.catch(() => undefined);
      return mine;
    },
    close: stop,
  };
}

function answerOf(worker: Worker, question: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      // Only these listeners: the worker has some of its own.
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      end();
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`the compiled policy did not end within ${WASM_TIMEOUT} ms`))),
      WASM_TIMEOUT,
    );
    worker.once('message', (message: { said?: unknown; problem?: string }) =>
      settle(() => (message.problem === undefined ? resolve(message.said) : reject(new Error(message.problem)))),
    );
    worker.once('error', (error) => settle(() => reject(error)));
    worker.once('exit', () => settle(() => reject(new Error('the compiled policy could not be loaded'))));
    worker.postMessage(question);
  });
}
