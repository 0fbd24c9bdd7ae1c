import { join } from 'node:path';
import { type BotProcess, createBotProcess } from './botProcess.ts';
import { createSandboxClock, type SandboxClock } from './clock/sandboxClock.ts';
import { createDatabaseLock, type DatabaseLock } from './databaseLock.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** The sandbox with the bot running on it, under one clock. */
export interface RunningSandbox {
  readonly sandbox: Sandbox;
  readonly clock: SandboxClock;
  readonly bot: BotProcess;
  readonly lock: DatabaseLock;
  close(): Promise<void>;
}

export async function runSandbox(): Promise<RunningSandbox> {
  const clock = createSandboxClock();
  const sandbox = await startSandbox(clock.now);
  const bot = createBotProcess(sandbox.env, clock, join(sandbox.directory, 'bot.log'));
  const { workspace } = sandbox.slack;
  const lock = createDatabaseLock(join(sandbox.directory, 'jit.db'), () => workspace.changed());
  const close = async () => {
    lock.release();
    await bot.stop();
    await sandbox.close();
  };
  try {
    await bot.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { sandbox, clock, bot, lock, close };
}
