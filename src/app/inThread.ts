/** Work that would hold the event loop, in a thread of its own. */
import { extname } from 'node:path';
import { type Transferable, Worker } from 'node:worker_threads';
import { START } from '../wording/terminal/settings.ts';

/** In a package there is no TypeScript. */
const here = (name: string): URL => new URL(`${name}${extname(import.meta.url)}`, import.meta.url);

export interface Thread {
  readonly data: unknown;
  readonly transfer?: readonly Transferable[];
}

/**
 * Starts a thread, and ends it when its first message has been dealt with.
 * @param name the file beside this one that it runs
 * @throws what the thread threw, or that it ended without a word
 */
export async function inThread<Said, T>(
  name: string,
  { data, transfer = [] }: Thread,
  use: (said: Said) => Promise<T>,
): Promise<T> {
  const thread = new Worker(here(name), { workerData: data, transferList: [...transfer] });
  try {
    return await use(await firstMessage<Said>(thread));
  } finally {
    await thread.terminate();
  }
}

const firstMessage = <Said>(thread: Worker): Promise<Said> =>
  new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(START.threadEnded(code))));
  });
