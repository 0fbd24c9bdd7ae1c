import { join } from 'node:path';
import { type BotProcess, createBotProcess } from './botProcess.ts';
import { createSandboxClock, type SandboxClock } from './clock/sandboxClock.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** The sandbox with the bot running on it, under one clock. */
export interface RunningSandbox {
  readonly sandbox: Sandbox;
  readonly clock: SandboxClock;
  readonly bot: BotProcess;
  close(): Promise<void>;
}

export async function runSandbox(): Promise<RunningSandbox> {
  const clock = createSandboxClock();
  const sandbox = await startSandbox(clock.now);
  const bot = createBotProcess(sandbox.env, clock, join(sandbox.directory, 'bot.log'));
  const close = async () => {
    await bot.stop();
    await sandbox.close();
  };
  try {
    await bot.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { sandbox, clock, bot, close };
}
