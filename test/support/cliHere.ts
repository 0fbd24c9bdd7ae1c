import { vi } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import type { Ran } from './cli.ts';

/** A command within this process: quick, and what it does counts as done by the test. */
export async function runHere(...args: readonly string[]): Promise<Ran> {
  const taken = { out: '', err: '' };
  const take = (name: keyof typeof taken) => (text: string | Uint8Array) => {
    taken[name] += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(take('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(take('err')),
  ];
  try {
    return { code: await runCli(args), ...taken };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export const ledgerHere = (...args: readonly string[]): Promise<Ran> => runHere('ledger', ...args);
